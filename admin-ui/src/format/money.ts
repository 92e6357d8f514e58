/** Money is an integer of the currency's minor unit everywhere; only here does it meet a decimal point. */

const digitsByCurrency = new Map<string, number>()

/** Decimal digits of the minor unit: 2 for CAD, 0 for JPY. */
export function minorDigits(currency: string): number {
  let digits = digitsByCurrency.get(currency)
  if (digits === undefined) {
    digits =
      new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ??
      2
    digitsByCurrency.set(currency, digits)
  }
  return digits
}

/** `auto` drops the cents of whole amounts, as people say them; reports want `always`. */
export type Cents = 'auto' | 'always' | 'never'

function formatter(locale: string, currency: string, minor: number, cents: Cents): Intl.NumberFormat {
  const digits = minorDigits(currency)
  const shown = cents === 'always' || (cents === 'auto' && minor % 10 ** digits !== 0) ? digits : 0
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: shown,
    maximumFractionDigits: shown,
  })
}

export function formatMoney(minor: number, currency: string, locale: string, cents: Cents = 'auto'): string {
  return formatter(locale, currency, minor, cents).format(minor / 10 ** minorDigits(currency))
}

export interface MoneyPart {
  role: 'currency' | 'amount' | 'cents'
  text: string
}

/** The pieces of a large figure, in the locale's order, so that sign and cents can be set smaller. */
export function moneyParts(
  minor: number,
  currency: string,
  locale: string,
  cents: Cents = 'auto',
): MoneyPart[] {
  const parts: MoneyPart[] = []
  let inCents = false
  const raw = formatter(locale, currency, minor, cents).formatToParts(minor / 10 ** minorDigits(currency))
  for (const { type, value } of raw) {
    if (type === 'literal' && value.trim() === '') continue
    if (type === 'decimal') inCents = true
    const role = type === 'currency' ? 'currency' : inCents ? 'cents' : 'amount'
    const last = parts.at(-1)
    if (last?.role === role) last.text += value
    else parts.push({ role, text: value })
  }
  return parts
}

/** Reads what a person typed, comma or point, spaces and currency signs forgiven. `null` when it is no amount. */
export function parseMoney(text: string, currency: string): number | null {
  const digits = minorDigits(currency)
  const plain = text.replace(/[\s$€£\u00a0\u202f]/g, '')
  const match = /^(\d{1,12})(?:[.,](\d*))?$/.exec(plain)
  if (!match) return null
  const [, whole = '', fraction = ''] = match
  if (fraction.length > digits) return null
  return Number(whole) * 10 ** digits + Number(fraction.padEnd(digits, '0') || '0')
}

/** The plain text of an amount in a form field: `10` or `10.50`. */
export function moneyInput(minor: number, currency: string): string {
  const digits = minorDigits(currency)
  const whole = Math.floor(minor / 10 ** digits)
  const fraction = minor % 10 ** digits
  return fraction === 0 ? String(whole) : `${whole}.${String(fraction).padStart(digits, '0')}`
}

/** Per cent with up to two decimals to hundredths of a per cent. */
export function parsePercent(text: string): number | null {
  const match = /^(\d{1,3})(?:[.,](\d{1,2}))?$/.exec(text.replace(/[\s%\u00a0\u202f]/g, ''))
  if (!match) return null
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

export function percentInput(basisPoints: number): string {
  return String(basisPoints / 100)
}
