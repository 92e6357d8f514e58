import { describe, expect, it } from 'vitest'
import { type CountUp, countAt, countTo, durationMs } from '../live/countup'

function frames(run: CountUp, unit = 1): number[] {
  const values: number[] = []
  for (let t = run.startMs; t <= run.startMs + run.durationMs + 100; t += 16)
    values.push(countAt(run, t, unit))
  return values
}

describe('jackpot count', () => {
  it('climbs from one confirmed value to the next, never back and never past', () => {
    const values = frames(countTo(3_654_000, 3_656_250, 1000, 900))
    expect(values.at(-1)).toBe(3_656_250)
    values.forEach((value, i) => {
      expect(value).toBeLessThanOrEqual(3_656_250)
      expect(value).toBeGreaterThanOrEqual(values[i - 1] ?? 3_654_000)
    })
  })

  it('moves in its first frame', () => {
    expect(countAt(countTo(1000, 1250, 0, 900), 0, 1)).toBe(1001)
    expect(countAt(countTo(1000, 1500, 0, 900), 0, 100)).toBe(1100)
  })

  it('counts in whole units where cents are not shown, and still ends on the exact value', () => {
    const values = frames(countTo(1000, 4050, 0, 900), 100)
    expect(values.slice(0, -20).every((value) => value % 100 === 0 || value === 4050)).toBe(true)
    expect(values.at(-1)).toBe(4050)
  })

  it('goes on from what is on the screen when a newer value comes', () => {
    const first = countTo(1000, 2000, 0, 900)
    const midway = countAt(first, 100, 1)
    const second = countTo(midway, 3000, 100, 900)
    expect(second.from).toBe(midway)
    expect(countAt(second, 100, 1)).toBeGreaterThan(midway)
    expect(countAt(second, 1000, 1)).toBe(3000)
  })

  it('does not animate the first value, a fall, or anything under reduced motion', () => {
    expect(countAt(countTo(null, 1000, 0, 900), 0, 1)).toBe(1000)
    expect(countAt(countTo(1000, 750, 0, 900), 0, 1)).toBe(750)
    expect(countAt(countTo(1000, 2000, 0, 0), 0, 1)).toBe(2000)
    expect(countTo(1000, 1000, 0, 900).durationMs).toBe(0)
  })

  it('reads the length of the count however the style sheet writes it', () => {
    expect(['900ms', '.9s', ' 0.9s', '0ms', '0s', ''].map(durationMs)).toEqual([900, 900, 900, 0, 0, 0])
  })
})
