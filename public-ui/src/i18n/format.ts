/** Everything that turns a value into words goes through here and through Intl. */

export type Language = 'en' | 'fr'
export const LOCALES: Record<Language, string> = { en: 'en-CA', fr: 'fr-CA' }

export interface MoneyParts {
  before: string
  whole: string
  cents: string
  after: string
}

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${locale}${JSON.stringify(options)}`
  let format = cache.get(key) as Intl.NumberFormat | undefined
  if (format === undefined) cache.set(key, (format = new Intl.NumberFormat(locale, options)))
  return format
}

function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${locale}${JSON.stringify(options)}`
  let format = cache.get(key) as Intl.DateTimeFormat | undefined
  if (format === undefined) cache.set(key, (format = new Intl.DateTimeFormat(locale, options)))
  return format
}

/** Decimal places of a currency: 2 for CAD, 0 for JPY. */
export function currencyDigits(currency: string): number {
  return numberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

export function minorPerUnit(currency: string): number {
  return 10 ** currencyDigits(currency)
}

function moneyFormat(locale: string, currency: string, digits: number): Intl.NumberFormat {
  return numberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}

/** `$36,540`, and `$36,542.50` where cents are not nought. */
export function money(minor: number, currency: string, locale: string): string {
  const per = minorPerUnit(currency)
  return moneyFormat(locale, currency, minor % per === 0 ? 0 : currencyDigits(currency)).format(minor / per)
}

/** The same in parts, for figures that set the currency and the cents smaller. Cents are always there when asked for. */
export function moneyParts(minor: number, currency: string, locale: string, withCents: boolean): MoneyParts {
  const per = minorPerUnit(currency)
  const digits = withCents ? currencyDigits(currency) : 0
  const value = withCents ? minor / per : Math.floor(minor / per)
  const parts: MoneyParts = { before: '', whole: '', cents: '', after: '' }
  for (const { type, value: text } of moneyFormat(locale, currency, digits).formatToParts(value)) {
    if (type === 'decimal' || type === 'fraction') parts.cents += text
    else if (type === 'integer' || type === 'group' || type === 'minusSign') parts.whole += text
    else if (parts.whole === '') parts.before += text.trim()
    else parts.after += text
  }
  return parts
}

/** Price of one number of a package: `$1.00`, `33 ¢` below one unit of a two-digit currency. */
export function each(priceMinor: number, numbers: number, currency: string, locale: string): string {
  const one = priceMinor / numbers
  const per = minorPerUnit(currency)
  if (per === 100 && one < per && CENT_CURRENCIES.has(currency))
    return `${count(Math.round(one), locale)}\u00a0¢`
  return moneyFormat(locale, currency, currencyDigits(currency)).format(one / per)
}

const CENT_CURRENCIES = new Set(['CAD', 'USD', 'AUD', 'NZD'])

export function count(value: number, locale: string): string {
  return numberFormat(locale, {}).format(value)
}

export function days(value: number, locale: string): string {
  return numberFormat(locale, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(value)
}

/** A length of time that has passed, coarse: `20 s`, `4 min`, `3 h`. */
export function age(ms: number, locale: string): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [value, unit] =
    seconds < 60
      ? [seconds, 'second']
      : seconds < 3600
        ? [Math.floor(seconds / 60), 'minute']
        : [Math.floor(seconds / 3600), 'hour']
  return numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value)
}

const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const

/** `20:45`: short, and the same on a phone, a ticket and the wall in both languages. */
export function clock(ms: number, timeZone: string): string {
  return dateFormat('en-GB', { ...CLOCK, timeZone }).format(ms)
}

export function clockSeconds(ms: number, timeZone: string): string {
  return dateFormat('en-GB', { ...CLOCK, second: '2-digit', timeZone }).format(ms)
}

export function day(ms: number, timeZone: string, locale: string): string {
  return dateFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', timeZone }).format(ms)
}

export function date(ms: number, timeZone: string): string {
  return dateFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone }).format(ms)
}

export function sameDay(a: number, b: number, timeZone: string): boolean {
  return date(a, timeZone) === date(b, timeZone)
}

/** `20:45` today, `Sat, Nov 21, 20:45` on another day. */
export function when(ms: number, nowMs: number, timeZone: string, locale: string): string {
  const time = clock(ms, timeZone)
  return sameDay(ms, nowMs, timeZone) ? time : `${day(ms, timeZone, locale)}, ${time}`
}

/** `0 412 377`: seven digits or more, in threes from the right. The space does not break. */
export function drawNumber(number: number): string {
  return String(number)
    .padStart(7, '0')
    .replace(/\B(?=(\d{3})+$)/g, '\u00a0')
}

/** Groups of four. */
export function fours(text: string): string[] {
  return text.match(/.{1,4}/g) ?? []
}

export function eventNumber(number: number): string {
  return String(number).padStart(4, '0')
}

const CROCKFORD = /^[0-9ABCDEFGHJKMNPQRSTVWXYZ]{16}$/

/**
 * What somebody typed as a validation number, in fours, or null. Spaces and dashes do not matter,
 * and O, I and L are read as the digits they stand for in Crockford's alphabet.
 */
export function validationNumber(typed: string): string | null {
  const plain = typed
    .toUpperCase()
    .replace(/[\s–—-]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1')
  return CROCKFORD.test(plain) ? fours(plain).join('-') : null
}
