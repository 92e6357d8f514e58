import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff'
import { clockText, secondsUntil, ServerClock, spokenMoment } from './clock'

function clockAt() {
  let now = 10_000
  const clock = new ServerClock(() => now)
  return {
    clock,
    pass: (ms: number) => {
      now += ms
    },
  }
}

describe('the server’s clock', () => {
  it('is unsure until an exchange, then off by at most half the round trip', () => {
    const { clock, pass } = clockAt()
    expect(clock.sure).toBe(false)
    clock.stamp(50_000)
    expect(clock.now()).toBe(50_000)
    expect(clock.sure).toBe(false)
    pass(100)
    clock.exchange(10_000, 52_000)
    expect(clock.now()).toBe(52_050)
    expect(clock.errorMs).toBe(50)
    expect(clock.sure).toBe(true)
  })

  it('keeps the best exchange, not the latest', () => {
    const { clock, pass } = clockAt()
    pass(20)
    clock.exchange(10_000, 60_000)
    pass(4_000)
    clock.exchange(10_020, 70_000)
    expect(clock.errorMs).toBe(10)
    expect(clock.now()).toBe(64_010)
  })

  it('starts over on a new connection', () => {
    const { clock, pass } = clockAt()
    pass(20)
    clock.exchange(10_000, 60_000)
    clock.forget()
    pass(200)
    clock.exchange(10_020, 90_000)
    expect(clock.errorMs).toBe(100)
  })

  it('says so when the line is too slow to know', () => {
    const { clock, pass } = clockAt()
    pass(3_000)
    clock.exchange(10_000, 60_000)
    expect(clock.sure).toBe(false)
  })
})

describe('countdown', () => {
  it.each([
    [60_000, 0, 60],
    [60_000, 1, 60],
    [60_000, 999, 60],
    [60_000, 1_000, 59],
    [60_000, 59_999, 1],
    [60_000, 60_000, 0],
    [60_000, 90_000, 0],
  ])('from %i at %i is %i s', (deadline, now, seconds) => {
    expect(secondsUntil(deadline, now)).toBe(seconds)
  })

  it.each([
    [0, '00:00'],
    [59, '00:59'],
    [1_433, '23:53'],
    [3_600, '1:00:00'],
    [3_727, '1:02:07'],
  ])('%i s reads %s', (seconds, text) => {
    expect(clockText(seconds)).toBe(text)
  })

  it('is spoken at 10, 5 and 1 minutes and 10 seconds, once each', () => {
    expect(spokenMoment(601, 600)).toBe(600)
    expect(spokenMoment(600, 599)).toBeNull()
    expect(spokenMoment(61, 59)).toBe(60)
    expect(spokenMoment(11, 10)).toBe(10)
    // A tab that slept through the moment does not announce an old one.
    expect(spokenMoment(700, 400)).toBeNull()
  })
})

describe('reconnecting', () => {
  it('waits between half a second and fifteen, longer each time, jittered', () => {
    expect(backoffMs(0, () => 0)).toBe(500)
    expect(backoffMs(0, () => 1)).toBe(1_000)
    expect(backoffMs(3, () => 1)).toBe(8_000)
    expect(backoffMs(20, () => 1)).toBe(15_000)
    expect(backoffMs(20, () => 0)).toBe(500)
  })
})
