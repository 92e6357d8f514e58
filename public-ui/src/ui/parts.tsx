import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useI18n } from '../i18n'
import { age, fours } from '../i18n/format'
import type { Link } from '../live/feed'
import { Icon, type IconName, Mark } from './icons'

export type Tone = 'live' | 'online' | 'offline' | 'warn' | 'closed' | 'sealed' | 'idle' | 'testc'

/** Icon, word and border say the state; colour only repeats it. */
export function Chip(props: { tone: Tone; icon: IconName; children: ComponentChildren }) {
  return (
    <span class={`chip ${props.tone}`}>
      <Icon name={props.icon} />
      {props.children}
    </span>
  )
}

export function Notice(props: {
  tone: 'ok' | 'warn' | 'off' | 'danger'
  icon: IconName
  role?: 'status' | 'alert'
  children: ComponentChildren
}) {
  return (
    <div class={`notice n-${props.tone}`} role={props.role}>
      <Icon name={props.icon} />
      <div class="grow">{props.children}</div>
    </div>
  )
}

/** A hash in groups of four, as it stands on the big screen. Screen readers get it as one run of groups. */
export function Seal({ hash }: { hash: string }) {
  return (
    <p class="hash seal">
      {fours(hash).map((group, i) => (
        <span key={i}>{group} </span>
      ))}
    </p>
  )
}

export function Brand() {
  const { t } = useI18n()
  return (
    <a class="brand" href="/" title={t.home}>
      <Mark />
      <span>Drumroll</span>
    </a>
  )
}

export function LanguageSwitch() {
  const { t, language, setLanguage } = useI18n()
  const other = language === 'fr' ? 'en' : 'fr'
  return (
    <button type="button" class="linklike" lang={other} onClick={() => setLanguage(other)}>
      {t.other_language}
    </button>
  )
}

export function TestBar({ text }: { text: string }) {
  return (
    <aside class="testbar" aria-label={text}>
      <Icon name="flask" />
      <span>{text}</span>
    </aside>
  )
}

/** TEST takes the brand colour from the whole page. */
export function useTestMode(on: boolean): void {
  useEffect(() => {
    if (!on) return
    document.documentElement.dataset.mode = 'test'
    return () => {
      delete document.documentElement.dataset.mode
    }
  }, [on])
}

const QUIET_MS = 2500

/** The bar of a lost line: how old the figures are. A short break is not worth a word. */
export function LinkBar({ link, confirmed }: { link: Link; confirmed: string | null }) {
  const { t, locale } = useI18n()
  const [now, setNow] = useState(() => Date.now())
  const [since, setSince] = useState<number | null>(null)
  const lost = link.kind === 'lost'
  useEffect(() => {
    if (!lost) {
      setSince(null)
      return
    }
    setSince((earlier) => earlier ?? Date.now())
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [lost])
  if (!lost || since === null || now - since < QUIET_MS) return null
  return (
    <div class="linkbar" role="status">
      <Icon name="nowifi" />
      <span>
        {confirmed === null ? t.link_lost_plain : t.link_lost(confirmed)}{' '}
        {link.heardMs !== null && now - link.heardMs > 20_000 && (
          <span aria-live="off">{t.link_lost_age(age(now - link.heardMs, locale))}</span>
        )}
      </span>
    </div>
  )
}

/** Grey bars, only when the wait is long enough to notice. */
export function Skeleton({ lines }: { lines: number }) {
  const { t } = useI18n()
  const [visible, setVisible] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), 300)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div class={`skeleton ${visible ? '' : 'quietly'}`} role="status">
      <span class="vh">{t.loading}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} class="skel" />
      ))}
    </div>
  )
}

/** A button that cannot be used yet stays in the tab order and says why. */
export function ActionButton(props: {
  class: string
  reason: string | null
  type?: 'submit' | 'button'
  onClick?: () => void
  children: ComponentChildren
}) {
  const id = 'why-' + props.class.replace(/\W+/g, '-')
  return (
    <>
      <button
        type={props.type ?? 'button'}
        class={`btn ${props.class}`}
        aria-disabled={props.reason !== null}
        aria-describedby={props.reason === null ? undefined : id}
        onClick={(event) => {
          if (props.reason !== null) event.preventDefault()
          else props.onClick?.()
        }}
      >
        {props.children}
      </button>
      {props.reason !== null && (
        <p class="why" id={id}>
          <Icon name="info" />
          {props.reason}
        </p>
      )}
    </>
  )
}
