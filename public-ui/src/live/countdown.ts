const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Whole seconds still to go, counted so that the last second shows as 1 and the deadline as 0. */
export function secondsLeft(deadlineMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((deadlineMs - nowMs) / SECOND))
}

/** Milliseconds until the shown second changes. */
export function untilNextSecond(deadlineMs: number, nowMs: number): number {
  const left = deadlineMs - nowMs
  return left <= 0 ? SECOND : ((left - 1) % SECOND) + 1
}

export type CountdownText = { kind: 'clock'; text: string } | { kind: 'days'; days: number }

/** `23:53`, `1:23:53`, and whole days from two days up. */
export function countdownText(seconds: number): CountdownText {
  if (seconds * SECOND >= 2 * DAY) return { kind: 'days', days: Math.floor((seconds * SECOND) / DAY) }
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const clock = `${two(minutes)}:${two(seconds % 60)}`
  return { kind: 'clock', text: hours > 0 ? `${hours}:${clock}` : clock }
}

export const RAIL_TICKS = 60

/** Ticks still standing on the rail: seconds in the last minute, minutes in the last hour, then hours, then days. */
export function railTicks(seconds: number): number {
  const ms = seconds * SECOND
  const unit =
    ms <= MINUTE ? SECOND : ms <= RAIL_TICKS * MINUTE ? MINUTE : ms <= RAIL_TICKS * HOUR ? HOUR : DAY
  return Math.min(RAIL_TICKS, Math.ceil(ms / unit))
}

/** Moments that are spoken. */
export const SPOKEN_S = [600, 300, 60, 10] as const
export type Spoken = (typeof SPOKEN_S)[number]

/** The moment passed between two looks at the clock; of several the latest, and none when the page just came in. */
export function spokenBetween(beforeS: number | null, nowS: number): Spoken | null {
  if (beforeS === null) return null
  const passed = SPOKEN_S.filter((at) => beforeS > at && nowS <= at && nowS > 0)
  return passed.at(-1) ?? null
}
