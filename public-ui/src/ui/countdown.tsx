import { useEffect, useRef, useState } from 'preact/hooks'
import { useI18n } from '../i18n'
import { days } from '../i18n/format'
import { type ServerClock, UNSURE_MS } from '../live/clock'
import {
  RAIL_TICKS,
  countdownText,
  railTicks,
  secondsLeft,
  spokenBetween,
  untilNextSecond,
} from '../live/countdown'
import { useAnnounce } from './announcer'

/** Seconds to the deadline by the server's clock, changing on the second. */
export function useSecondsLeft(deadlineMs: number, clock: ServerClock): number {
  const [seconds, setSeconds] = useState(() => secondsLeft(deadlineMs, clock.now()))
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const tick = () => {
      const now = clock.now()
      setSeconds(secondsLeft(deadlineMs, now))
      timer = setTimeout(tick, untilNextSecond(deadlineMs, now))
    }
    tick()
    return () => clearTimeout(timer)
  }, [deadlineMs, clock])
  return seconds
}

/** Speaks the moments that are spoken. */
export function useSpokenCountdown(seconds: number, on: boolean): void {
  const { t } = useI18n()
  const announce = useAnnounce()
  const before = useRef<number | null>(null)
  useEffect(() => {
    const moment = on ? spokenBetween(before.current, seconds) : null
    before.current = seconds
    if (moment !== null) announce(moment >= 60 ? t.spoken_minutes(moment / 60) : t.spoken_seconds(moment))
  })
}

/** `23:53`, with `≈` and how far it may be off where the clock is not sure. */
export function CountdownFigure(props: { seconds: number; clock: ServerClock; class?: string }) {
  const { t, locale, n } = useI18n()
  const text = countdownText(props.seconds)
  const bound = props.clock.boundMs()
  const unsure = bound > UNSURE_MS
  return (
    <>
      <span class={`fig ${props.class ?? ''}`} role="timer" data-countdown={props.seconds}>
        {unsure && (
          <>
            <span aria-hidden="true">≈ </span>
            <span class="vh">{t.about} </span>
          </>
        )}
        {text.kind === 'clock' ? text.text : days(text.days, locale)}
      </span>
      {unsure && Number.isFinite(bound) && (
        <span class="xs muted unsure">{t.clock_unsure(n(Math.ceil(bound / 1000)))}</span>
      )}
    </>
  )
}

/** One tick, one second or minute still to go. */
export function Rail({ seconds, class: name }: { seconds: number; class?: string }) {
  const on = railTicks(seconds)
  return (
    <div class={`rail ${name ?? ''}`} aria-hidden="true">
      {Array.from({ length: RAIL_TICKS }, (_, i) => (
        <i key={i} class={i < on ? 'on' : ''} />
      ))}
    </div>
  )
}
