/** The sales curve as numbers: what is drawn, how fast it goes now, and the rows of its table. */
import type { CurvePoint } from '../../api/types'

const MINUTE_MS = 60_000
const PACE_WINDOW_MS = 5 * MINUTE_MS

export interface Knot {
  atMs: number
  netMinor: number
}

/**
 * The curve's corners. The server counts by the minute and names a minute in which something was sold by its
 * start; its sum is reached at its end. Minutes without sales are flat. `now` is the live end, which the
 * minute that is still running leads to.
 */
export function curveKnots(points: readonly CurvePoint[], startMs: number, now: Knot | null): Knot[] {
  let last: Knot = { atMs: startMs, netMinor: 0 }
  const knots = [last]
  const add = (atMs: number, netMinor: number) => {
    if (atMs <= last.atMs) return
    last = { atMs, netMinor }
    knots.push(last)
  }
  for (const point of points) {
    const endMs = point.at_ms + MINUTE_MS
    if (now && endMs > now.atMs) break
    add(point.at_ms, last.netMinor)
    add(endMs, point.net_minor)
  }
  if (now) add(now.atMs, now.netMinor)
  return knots
}

/** Net sales at an instant, on the line between two knots. */
export function netAt(knots: readonly Knot[], atMs: number): number {
  const after = knots.findIndex((knot) => knot.atMs >= atMs)
  const next = knots[after]
  const before = knots[after - 1]
  if (!next) return knots.at(-1)?.netMinor ?? 0
  if (!before) return next.netMinor
  const share = (atMs - before.atMs) / (next.atMs - before.atMs)
  return before.netMinor + (next.netMinor - before.netMinor) * share
}

/** Average over the last five minutes, in minor units a minute; null before there is a minute to average. */
export function pacePerMinute(knots: readonly Knot[]): number | null {
  const first = knots[0]
  const now = knots.at(-1)
  if (!first || !now || now.atMs - first.atMs < MINUTE_MS) return null
  const fromMs = Math.max(now.atMs - PACE_WINDOW_MS, first.atMs)
  return Math.max(0, ((now.netMinor - netAt(knots, fromMs)) / (now.atMs - fromMs)) * MINUTE_MS)
}

/** At most five gridlines, on round amounts, from zero. */
export function niceTicks(highest: number, most = 4): number[] {
  if (highest <= 0) return [0]
  const rough = highest / most
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10) * magnitude
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step)
}

/** At most `rows` points, evenly taken, always with the last. */
export function tableRows(points: readonly CurvePoint[], rows = 12): CurvePoint[] {
  if (points.length <= rows) return [...points]
  const every = Math.ceil(points.length / rows)
  return points.filter((_, index) => (points.length - 1 - index) % every === 0)
}
