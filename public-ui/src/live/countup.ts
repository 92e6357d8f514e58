/** One count from a confirmed value to the next. Times are of one monotonic clock. */
export interface CountUp {
  from: number
  to: number
  startMs: number
  durationMs: number
}

/**
 * Starts or redirects a count. It begins at what is on the screen, so nothing jumps back;
 * downwards, and with reduced motion, the value is simply there.
 */
export function countTo(shown: number | null, to: number, nowMs: number, durationMs: number): CountUp {
  const counts = shown !== null && to > shown && durationMs > 0
  return { from: counts ? shown : to, to, startMs: nowMs, durationMs: counts ? durationMs : 0 }
}

/** Value at a moment, in steps of `unit`: never backwards, never past the target, one step at once in the first frame. */
export function countAt(run: CountUp, nowMs: number, unit: number): number {
  const t = run.durationMs === 0 ? 1 : Math.min(1, Math.max(0, (nowMs - run.startMs) / run.durationMs))
  if (t >= 1) return run.to
  const eased = 1 - (1 - t) ** 4
  const steps = Math.max(1, Math.ceil(((run.to - run.from) * eased) / unit))
  return Math.min(run.to, run.from + steps * unit)
}

/** A CSS duration in milliseconds; the style sheet's minifier may turn `900ms` into `.9s`. */
export function durationMs(css: string): number {
  const value = Number.parseFloat(css)
  if (!Number.isFinite(value)) return 0
  return css.trim().endsWith('ms') ? value : value * 1000
}
