import { type ComponentChildren, createContext } from 'preact'
import { useContext, useEffect, useMemo, useState } from 'preact/hooks'
import { type Messages, en } from './en'
import { LOCALES, type Language, clock, count, day, sameDay } from './format'

const STORED = 'drumroll.language'

export interface I18n {
  t: Messages
  language: Language
  locale: string
  n: (value: number) => string
  /** "60 numbers", with the figure formatted. */
  numbers: (value: number) => string
  /** "at 20:45" today, "Sat, Nov 21 at 20:45" on another day, by the clock of the venue. */
  at: (ms: number, timeZone: string) => string
  setLanguage: (language: Language) => void
}

const Context = createContext<I18n | null>(null)

export function useI18n(): I18n {
  const value = useContext(Context)
  if (value === null) throw new Error('no language')
  return value
}

/** The language chosen on this phone, or else the first the browser asks for that we have. */
export function chooseLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored === 'en' || stored === 'fr') return stored
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0]
    if (base === 'en' || base === 'fr') return base
  }
  return 'en'
}

/** English is part of the first view; French comes as its own small file. */
export async function loadMessages(language: Language): Promise<Messages> {
  return language === 'fr' ? (await import('./fr')).fr : en
}

export function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

export function I18nProvider(props: { language: Language; messages: Messages; children: ComponentChildren }) {
  const [current, setCurrent] = useState({ language: props.language, messages: props.messages })
  useEffect(() => {
    document.documentElement.lang = LOCALES[current.language]
  }, [current.language])
  const value = useMemo<I18n>(() => {
    const locale = LOCALES[current.language]
    const n = (v: number) => count(v, locale)
    return {
      t: current.messages,
      language: current.language,
      locale,
      n,
      numbers: (v) => current.messages.numbers(v, n(v)),
      at: (ms, timeZone) => {
        const time = clock(ms, timeZone)
        if (sameDay(ms, Date.now(), timeZone)) return current.messages.at_time(time)
        return current.messages.at_day(day(ms, timeZone, locale), time)
      },
      setLanguage: (language) => {
        void loadMessages(language).then((messages) => {
          setCurrent({ language, messages })
          try {
            localStorage.setItem(STORED, language)
          } catch {
            // Not kept: the next visit asks the browser again.
          }
        })
      },
    }
  }, [current])
  return <Context.Provider value={value}>{props.children}</Context.Provider>
}

/** Text with words between stars shown strong. */
export function Rich({ text }: { text: string }) {
  return <>{text.split('*').map((part, i) => (i % 2 === 1 ? <b key={i}>{part}</b> : part))}</>
}
