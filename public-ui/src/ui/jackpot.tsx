import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { useI18n } from '../i18n'
import { minorPerUnit, money, moneyParts } from '../i18n/format'
import { type CountUp, countAt, countTo, durationMs } from '../live/countup'
import type { Shown } from '../live/fold'
import { figureEm } from './money'

interface Props {
  shown: Shown
  currency: string
  cents: boolean
  class?: string
}

/**
 * The jackpot. Counts up from one confirmed value to the next, and nowhere else.
 *
 * `data-jackpot-minor` and `data-seq` name the value it is heading for. They change in the frame in which the
 * first digit moves; `data-shown-minor` follows what the digits say. Measurements rely on the three.
 */
export function Jackpot({ shown, currency, cents, ...props }: Props) {
  const { locale } = useI18n()
  const figure = useRef<HTMLSpanElement>(null)
  const whole = useRef<HTMLSpanElement>(null)
  const fraction = useRef<HTMLSpanElement>(null)
  const run = useRef<CountUp | null>(null)
  const onScreen = useRef<number | null>(null)
  const target = useMemo(
    () => moneyParts(shown.minor, currency, locale, cents),
    [shown.minor, currency, locale, cents],
  )

  useLayoutEffect(() => {
    const element = figure.current
    if (element === null) return
    const unit = cents ? 1 : minorPerUnit(currency)
    const write = (minor: number) => {
      const parts = minor === shown.minor ? target : moneyParts(minor, currency, locale, cents)
      if (whole.current) whole.current.textContent = parts.whole
      if (fraction.current) fraction.current.textContent = parts.cents
      element.dataset.shownMinor = String(minor)
      onScreen.current = minor
    }
    const started = performance.now()
    const count = countTo(onScreen.current, shown.minor, started, countMs(element))
    run.current = count
    element.dataset.jackpotMinor = String(shown.minor)
    element.dataset.seq = String(shown.seq)
    write(countAt(count, started, unit))
    let frame = 0
    const step = (now: number) => {
      write(countAt(count, now, unit))
      if (now < count.startMs + count.durationMs) frame = requestAnimationFrame(step)
    }
    if (count.durationMs > 0) frame = requestAnimationFrame(step)
    return () => cancelAnimationFrame(frame)
  }, [shown.minor, shown.seq, currency, locale, cents, target])

  return (
    <span
      class={`fig money ${props.class ?? ''}`}
      style={{ '--em': figureEm(target) }}
      ref={figure}
      data-jackpot
    >
      <span class="vh">{money(shown.minor, currency, locale)}</span>
      <span aria-hidden="true">
        {/* Keyed: in another language the sign changes sides, and what `write` wrote must stay in its own place. */}
        {target.before && (
          <span key="before" class="cur">
            {target.before}
          </span>
        )}
        <span key="whole" ref={whole} />
        {cents && <span key="cents" class="cents" ref={fraction} />}
        {target.after && (
          <span key="after" class="cur">
            {target.after}
          </span>
        )}
      </span>
    </span>
  )
}

/** Length of the count from the design tokens, where reduced motion has made it 0. */
function countMs(element: HTMLElement): number {
  return durationMs(getComputedStyle(element).getPropertyValue('--t-count'))
}
