import { useEffect, useRef, useState } from 'react'
import type { Cents } from '../format/money'
import { useFormat } from '../i18n'

/** A large amount: sign and cents set small, as on a score board. */
export function BigMoney({
  minor,
  currency,
  cents,
  className = '',
  stale = false,
}: {
  minor: number
  currency: string
  cents?: Cents
  className?: string
  stale?: boolean
}) {
  const format = useFormat()
  return (
    <span className={`fig money ${className} ${stale ? 'stale' : ''}`}>
      {format.moneyParts(minor, currency, cents).map(({ role, text }) =>
        role === 'currency' ? (
          <span className="cur" key={role}>
            {text}
          </span>
        ) : role === 'cents' ? (
          <span className="cents" key={role}>
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </span>
  )
}

/** Milliseconds of the count-up, from the tokens, where reduced motion makes it none. */
function countMs(): number {
  return parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--t-count')) || 0
}

/** Ease-out: quick at first, never past the end. */
const eased = (share: number): number => 1 - (1 - share) ** 3

/**
 * The value to show on the way from one confirmed value to the next. A newer one retargets; a lower one (a
 * void) is shown at once.
 */
export function useCountUp(target: number): number {
  const [shown, setShown] = useState(target)
  const shownRef = useRef(target)
  useEffect(() => {
    const from = shownRef.current
    const durationMs = target > from ? countMs() : 0
    const startMs = performance.now()
    let frame = 0
    const step = (nowMs: number) => {
      const share = durationMs === 0 ? 1 : Math.min(1, (nowMs - startMs) / durationMs)
      const value = share === 1 ? target : Math.floor(from + (target - from) * eased(share))
      shownRef.current = value
      setShown(value)
      if (share < 1) frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
    return () => cancelAnimationFrame(frame)
  }, [target])
  return shown
}
