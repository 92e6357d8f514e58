import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { formatMoney, minorDigits, moneyParts, type Cents, type MoneyPart } from '../format/money'
import { en } from './en'
import { fr } from './fr'

export type Language = 'en' | 'fr'

/** English gives the keys and the arguments; every other language must have the same, or the build fails. */
export type Catalogue = Translated<typeof en>
type Translated<T> = {
  [K in keyof T]: T[K] extends (...given: infer Given) => string
    ? (...given: Given) => string
    : T[K] extends string
      ? string
      : Translated<T[K]>
}

const catalogues: Record<Language, Catalogue> = { en, fr }
const locales: Record<Language, string> = { en: 'en-CA', fr: 'fr-CA' }

const STORED = 'drumroll.language'

function firstLanguage(): Language {
  const stored = localStorage.getItem(STORED)
  if (stored === 'en' || stored === 'fr') return stored
  return navigator.language.toLowerCase().startsWith('fr') ? 'fr' : 'en'
}

export interface Format {
  money: (minor: number, currency: string, cents?: Cents) => string
  moneyParts: (minor: number, currency: string, cents?: Cents) => MoneyPart[]
  /** Thousands as k, for chart axes. */
  moneyShort: (minor: number, currency: string) => string
  number: (value: number) => string
  /** A share between 0 and 1. */
  percent: (share: number, digits?: number) => string
  /** 20:45, with seconds 20:45:07. */
  time: (ms: number, timeZone: string, seconds?: boolean) => string
  /** Fri 20 Nov. */
  day: (ms: number, timeZone: string) => string
  dayTime: (ms: number, timeZone: string) => string
  /** A length of time in the largest unit that says enough: 42 s, 11 min, 1 h 02. */
  duration: (ms: number) => string
  list: (items: readonly string[]) => string
}

function makeFormat(locale: string): Format {
  const number = new Intl.NumberFormat(locale)
  const listed = new Intl.ListFormat(locale, { style: 'long', type: 'conjunction' })
  const dated = (timeZone: string, options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone, hourCycle: 'h23', ...options })
  const day = (ms: number, timeZone: string) =>
    dated(timeZone, { weekday: 'short', day: 'numeric', month: 'short' }).format(ms)
  const time = (ms: number, timeZone: string, seconds = false) => {
    const parts = dated(timeZone, {
      hour: '2-digit',
      minute: '2-digit',
      ...(seconds ? { second: '2-digit' } : {}),
    }).formatToParts(ms)
    // fr-CA would write "20 h 45"; a running clock reads better with colons in both languages.
    return parts
      .filter((part) => part.type === 'hour' || part.type === 'minute' || part.type === 'second')
      .map((part) => part.value.padStart(2, '0'))
      .join(':')
  }
  return {
    money: (minor, currency, cents) => formatMoney(minor, currency, locale, cents),
    moneyParts: (minor, currency, cents) => moneyParts(minor, currency, locale, cents),
    moneyShort: (minor, currency) =>
      new Intl.NumberFormat(locale, {
        style: 'currency',
        currency,
        currencyDisplay: 'narrowSymbol',
        notation: 'compact',
        maximumFractionDigits: 1,
        minimumFractionDigits: 0,
      })
        .format(minor / 10 ** minorDigits(currency))
        .replace('K', 'k'),
    number: (value) => number.format(value),
    percent: (share, digits = 0) =>
      new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(share),
    time,
    day,
    dayTime: (ms, timeZone) => `${day(ms, timeZone)}, ${time(ms, timeZone)}`,
    duration: (ms) => {
      const seconds = Math.max(0, Math.round(ms / 1000))
      if (seconds < 60) return `${seconds}\u00a0s`
      const minutes = Math.floor(seconds / 60)
      if (minutes < 60) return `${minutes}\u00a0min`
      return `${Math.floor(minutes / 60)}\u00a0h\u00a0${String(minutes % 60).padStart(2, '0')}`
    },
    list: (items) => listed.format(items),
  }
}

interface Locale {
  language: Language
  setLanguage: (language: Language) => void
  text: Catalogue
  format: Format
}

const LocaleContext = createContext<Locale | null>(null)

export function LocaleProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage)
  useEffect(() => {
    document.documentElement.lang = locales[language]
    localStorage.setItem(STORED, language)
  }, [language])
  const value = useMemo(
    () => ({ language, setLanguage, text: catalogues[language], format: makeFormat(locales[language]) }),
    [language],
  )
  return <LocaleContext value={value}>{children}</LocaleContext>
}

function useLocale(): Locale {
  const locale = useContext(LocaleContext)
  if (!locale) throw new Error('LocaleProvider is missing')
  return locale
}

export const useText = (): Catalogue => useLocale().text
export const useFormat = (): Format => useLocale().format
export const useLanguage = (): Pick<Locale, 'language' | 'setLanguage'> => useLocale()
