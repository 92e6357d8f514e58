import { describe, expect, it } from 'vitest'
import { ServerClock, UNSURE_MS } from '../live/clock'
import { countdownText, railTicks, secondsLeft, spokenBetween, untilNextSecond } from '../live/countdown'

describe('countdown', () => {
  it('shows the last second as 1 and the deadline as 0', () => {
    expect([1001, 1000, 999, 1, 0, -5].map((left) => secondsLeft(10_000, 10_000 - left))).toEqual([
      2, 1, 1, 1, 0, 0,
    ])
  })

  it('wakes when the shown second changes', () => {
    for (const left of [5000, 4999, 4001, 4000, 1]) {
      const wait = untilNextSecond(10_000, 10_000 - left)
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(1000)
      expect(secondsLeft(10_000, 10_000 - left + wait)).toBe(secondsLeft(10_000, 10_000 - left) - 1)
    }
  })

  it('reads as a clock, and as days when far away', () => {
    const text = (seconds: number) => {
      const shown = countdownText(seconds)
      return shown.kind === 'clock' ? shown.text : `${shown.days} d`
    }
    expect([0, 7, 60, 1433, 3600, 86_399, 172_799, 172_800, 1_000_000].map(text)).toEqual([
      '00:00',
      '00:07',
      '01:00',
      '23:53',
      '1:00:00',
      '23:59:59',
      '47:59:59',
      '2 d',
      '11 d',
    ])
  })

  it('stands one tick a second, a minute, an hour or a day', () => {
    expect([0, 1, 47, 60].map(railTicks)).toEqual([0, 1, 47, 60])
    expect([61, 1433, 3600].map(railTicks)).toEqual([2, 24, 60])
    expect([3601, 86_400].map(railTicks)).toEqual([2, 24])
    expect([86_400 * 12, 86_400 * 400].map(railTicks)).toEqual([12, 60])
  })

  it('speaks at 10, 5 and 1 minute and at 10 seconds, once each', () => {
    const spoken: number[] = []
    for (let s = 700; s >= 0; s--) {
      const moment = spokenBetween(s + 1, s)
      if (moment !== null) spoken.push(moment)
    }
    expect(spoken).toEqual([600, 300, 60, 10])
  })

  it('says nothing about what passed before the page came, and the latest of several', () => {
    expect(spokenBetween(null, 30)).toBeNull()
    expect(spokenBetween(700, 45)).toBe(60)
    expect(spokenBetween(700, 0)).toBeNull()
  })
})

describe('server clock', () => {
  it('takes the middle of the round trip, and the tightest of several', () => {
    const clock = new ServerClock(() => 10_000)
    expect(clock.boundMs()).toBe(Number.POSITIVE_INFINITY)
    clock.observe(1000, 3000, 7000)
    expect(clock.now()).toBe(15_000)
    expect(clock.boundMs()).toBe(1000)
    clock.observe(4000, 4100, 9040)
    expect(clock.now()).toBe(14_990)
    expect(clock.boundMs()).toBe(50)
    clock.observe(5000, 7000, 11_500)
    expect(clock.boundMs()).toBe(50)
  })

  it('is unsure after a slow exchange only', () => {
    const clock = new ServerClock(() => 0)
    clock.observe(0, 6000, 3000)
    expect(clock.boundMs()).toBeGreaterThan(UNSURE_MS)
    clock.observe(6000, 6400, 6200)
    expect(clock.boundMs()).toBeLessThan(UNSURE_MS)
  })

  it('drops old samples when the local clock was set', () => {
    const clock = new ServerClock(() => 100_000)
    clock.observe(1000, 1010, 1005)
    clock.observe(91_000, 91_500, 31_250)
    expect(clock.now()).toBe(40_000)
  })
})
