import type { Winner } from '../../api/client'

/** What the wall shows after a result is published, second by second. All walls of an event follow the same plan. */
export type Step =
  | { kind: 'reveal'; winner: Winner; index: number; total: number; ms: number }
  | { kind: 'winner'; winner: Winner; ms: number }
  | { kind: 'grid'; winners: Winner[]; ms: number }

export const LEAD_MS = 1800
export const DIGIT_MS = 1100
export const LAST_DIGITS_MS = 1700
const SETTLED_MS = 1500
const WINNER_MS = 9000
const GRID_MS = 12_000
export const GRID_MAX = 20
/** A prize with more winners than this is shown as a list, not digit by digit. */
const ONE_BY_ONE_MAX = 3

export function digitsOf(number: number): string {
  return String(number).padStart(7, '0')
}

function digitMs(index: number, count: number): number {
  return index >= count - 3 ? LAST_DIGITS_MS : DIGIT_MS
}

export function revealMs(number: number): number {
  const count = digitsOf(number).length
  let ms = LEAD_MS + SETTLED_MS
  for (let i = 0; i < count; i++) ms += digitMs(i, count)
  return ms
}

/** How many digits are settled, and how far the next one is. */
export function digitsAt(number: number, elapsedMs: number): { settled: number; progress: number } {
  const count = digitsOf(number).length
  let left = elapsedMs - LEAD_MS
  for (let i = 0; i < count; i++) {
    const ms = digitMs(i, count)
    if (left < ms) return { settled: i, progress: Math.max(0, left / ms) }
    left -= ms
  }
  return { settled: count, progress: 0 }
}

/** Prizes in announced order: few winners digit by digit, many as a list. */
export function planReveal(winners: Winner[]): Step[] {
  const prizes = new Map<number, Winner[]>()
  for (const winner of winners) prizes.set(winner.prize_id, [...(prizes.get(winner.prize_id) ?? []), winner])
  const steps: Step[] = []
  let index = 0
  for (const group of prizes.values()) {
    index++
    if (group.length <= ONE_BY_ONE_MAX) {
      for (const winner of group) {
        steps.push({ kind: 'reveal', winner, index, total: prizes.size, ms: revealMs(winner.number) })
        steps.push({ kind: 'winner', winner, ms: WINNER_MS })
      }
    } else {
      for (let i = 0; i < group.length; i += GRID_MAX) {
        steps.push({ kind: 'grid', winners: group.slice(i, i + GRID_MAX), ms: GRID_MS })
      }
    }
  }
  return steps
}

/** The step at a moment after the publication, or null when the plan is through. */
export function stepAt(steps: Step[], elapsedMs: number): { step: Step; intoMs: number } | null {
  let left = Math.max(0, elapsedMs)
  for (const step of steps) {
    if (left < step.ms) return { step, intoMs: left }
    left -= step.ms
  }
  return null
}
