import { describe, expect, it } from 'vitest'
import {
  formatMoney,
  minorDigits,
  moneyInput,
  moneyParts,
  parseMoney,
  parsePercent,
  percentInput,
} from './money'
import { formatDrawNumber, hashGroups, isOrderKey, readValidationNumber } from './number'
import { isTimeZone, readTime, zonedInput, zonedInstant } from './time'

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

describe('money', () => {
  it.each([
    [3_654_000, 'CAD', 'en-CA', 'auto', '$36,540'],
    [3_654_050, 'CAD', 'en-CA', 'auto', '$36,540.50'],
    [3_654_000, 'CAD', 'en-CA', 'always', '$36,540.00'],
    [3_654_050, 'CAD', 'en-CA', 'never', '$36,541'],
    [3_654_050, 'CAD', 'fr-CA', 'auto', '36 540,50 $'],
    [500, 'JPY', 'en-CA', 'auto', '¥500'],
    [0, 'CAD', 'en-CA', 'auto', '$0'],
  ] as const)('%i %s in %s, cents %s: %s', (minor, currency, locale, cents, text) => {
    expect(plain(formatMoney(minor, currency, locale, cents))).toBe(text)
  })

  it('comes apart for large figures, in the order of the language', () => {
    expect(moneyParts(3_654_050, 'CAD', 'en-CA')).toEqual([
      { role: 'currency', text: '$' },
      { role: 'amount', text: '36,540' },
      { role: 'cents', text: '.50' },
    ])
    expect(moneyParts(3_654_000, 'CAD', 'fr-CA').map(({ role }) => role)).toEqual(['amount', 'currency'])
  })

  it.each([
    ['10', 1_000],
    ['10.5', 1_050],
    ['10,50', 1_050],
    ['$1 250.00', 125_000],
    ['0', 0],
    ['', null],
    ['-5', null],
    ['1.234', null],
    ['abc', null],
    ['1e3', null],
  ])('reads %j as %j', (text, minor) => {
    expect(parseMoney(text, 'CAD')).toBe(minor)
  })

  it('fills a field with what it reads back', () => {
    for (const minor of [0, 5, 50, 1_000, 1_050, 123_456]) {
      expect(parseMoney(moneyInput(minor, 'CAD'), 'CAD')).toBe(minor)
    }
    expect(parseMoney(moneyInput(500, 'JPY'), 'JPY')).toBe(500)
    expect(minorDigits('JPY')).toBe(0)
  })

  it('reads shares in hundredths of a per cent', () => {
    expect(parsePercent('50')).toBe(5_000)
    expect(parsePercent('12,5 %')).toBe(1_250)
    expect(parsePercent('0.01')).toBe(1)
    expect(parsePercent('1.234')).toBeNull()
    expect(percentInput(1_250)).toBe('12.5')
  })
})

describe('numbers', () => {
  it('pads draw numbers to the range and groups them in threes', () => {
    expect(plain(formatDrawNumber(412_377, 1_500_000))).toBe('0 412 377')
    expect(plain(formatDrawNumber(7, 999))).toBe('007')
    expect(plain(formatDrawNumber(87_214))).toBe('0 087 214')
  })

  it('groups hashes in fours', () => {
    expect(hashGroups('a262526bf4')).toEqual(['a262', '526b', 'f4'])
  })

  it('checks a validation number before the server is asked, forgiving what the eye confuses', () => {
    // Issuer slot 7 with the random bits of 0x0123456789abcdef.
    const right = { ok: true, text: '00E2-8T5C-Y4TQ-KFFX' }
    expect(readValidationNumber('00E28T5CY4TQKFFX')).toEqual(right)
    expect(readValidationNumber(' ooe2-8t5c-y4tq-kffx ')).toEqual(right)
    expect(readValidationNumber('00E2-8T5C-4YTQ-KFFX')).toEqual({ ok: false, why: 'check' })
    expect(readValidationNumber('00E2-8T5C-Y4TQ-KFFY')).toEqual({ ok: false, why: 'check' })
  })

  it('takes all zeros, the one number anybody can check by hand', () => {
    expect(readValidationNumber('0000 0000 0000 0000').ok).toBe(true)
  })

  it('says what is wrong', () => {
    expect(readValidationNumber('U234-5678-9ABC-DEFG')).toEqual({ ok: false, why: 'character' })
    expect(readValidationNumber('1234')).toEqual({ ok: false, why: 'length' })
  })

  it('knows an order key', () => {
    expect(isOrderKey(' 3e14b3ba-c8ed-4df5-8acf-16bc78f5ae1f ')).toBe(true)
    expect(isOrderKey('3e14b3ba')).toBe(false)
  })
})

describe('time in the venue’s zone', () => {
  const zone = 'America/Toronto'

  it('goes there and back', () => {
    const instant = Date.UTC(2026, 10, 21, 1, 45)
    expect(zonedInput(instant, zone)).toEqual({ date: '2026-11-20', time: '20:45' })
    expect(zonedInstant('2026-11-20', '20:45', zone)).toBe(instant)
  })

  it('knows summer time', () => {
    expect(zonedInstant('2026-07-01', '20:00', zone)).toBe(Date.UTC(2026, 6, 2, 0, 0))
  })

  it('has no time that the clocks skip, and takes the first of the two that come twice', () => {
    expect(zonedInstant('2027-03-14', '02:30', zone)).toBeNull()
    expect(zonedInstant('2026-11-01', '01:30', zone)).toBe(Date.UTC(2026, 10, 1, 5, 30))
  })

  it.each([
    ['17:30', { hour: 17, minute: 30 }],
    ['9:05', { hour: 9, minute: 5 }],
    ['1730', { hour: 17, minute: 30 }],
    ['17h30', { hour: 17, minute: 30 }],
    ['24:00', null],
    ['17:60', null],
    ['5 pm', null],
    ['', null],
  ])('reads %j', (text, time) => {
    expect(readTime(text)).toEqual(time)
  })

  it('refuses dates that do not exist', () => {
    expect(zonedInstant('2026-02-30', '12:00', zone)).toBeNull()
    expect(zonedInstant('', '12:00', zone)).toBeNull()
  })

  it('knows time zones by name', () => {
    expect(isTimeZone('America/Toronto')).toBe(true)
    expect(isTimeZone('Mars/Olympus')).toBe(false)
    expect(isTimeZone('')).toBe(false)
  })
})
