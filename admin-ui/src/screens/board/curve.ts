/** The sales curve as numbers: what is drawn, how fast it goes now, and the rows of its table. */
import type { CurvePoint } from '../../api/types'

const PACE_WINDOW_MS = 5 * 60_000

/** Net sales at an instant, by the last point at or before it. */
export function netAt(points: readonly CurvePoint[], atMs: number): number {
  let net = 0
  for (const point of points) {
    if (point.at_ms > atMs) break
    net = point.net_minor
  }
  return net
}

/** Average over the last five minutes, in minor units a minute; null before there is anything to average. */
export function pacePerMinute(
  points: readonly CurvePoint[],
  now: { atMs: number; netMinor: number },
): number | null {
  const first = points[0]
  if (!first || now.atMs - first.at_ms < 60_000) return null
  const fromMs = Math.max(now.atMs - PACE_WINDOW_MS, first.at_ms)
  return Math.max(0, ((now.netMinor - netAt(points, fromMs)) / (now.atMs - fromMs)) * 60_000)
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
