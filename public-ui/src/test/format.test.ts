import { describe, expect, it } from 'vitest'
import {
  age,
  clock,
  clockSeconds,
  drawNumber,
  each,
  eventNumber,
  fours,
  minorPerUnit,
  money,
  moneyParts,
  validationNumber,
  when,
} from '../i18n/format'

const plain = (text: string) => text.replace(/[\u00a0\u202f\u2009]/g, ' ')

describe('money', () => {
  it('shows cents only where there are some', () => {
    expect(money(3_654_000, 'CAD', 'en-CA')).toBe('$36,540')
    expect(money(3_654_250, 'CAD', 'en-CA')).toBe('$36,542.50')
    expect(money(0, 'CAD', 'en-CA')).toBe('$0')
  })

  it('follows the language', () => {
    expect(plain(money(3_654_250, 'CAD', 'fr-CA'))).toBe('36 542,50 $')
  })

  it('knows currencies without cents', () => {
    expect(minorPerUnit('JPY')).toBe(1)
    expect(money(3654, 'JPY', 'en-CA')).toBe('¥3,654')
  })

  it('comes in parts for large figures', () => {
    expect(moneyParts(3_654_250, 'CAD', 'en-CA', true)).toEqual({
      before: '$',
      whole: '36,542',
      cents: '.50',
      after: '',
    })
    expect(moneyParts(3_654_250, 'CAD', 'en-CA', false)).toEqual({
      before: '$',
      whole: '36,542',
      cents: '',
      after: '',
    })
    const french = moneyParts(3_654_000, 'CAD', 'fr-CA', true)
    expect([french.before, plain(french.whole), french.cents, plain(french.after)]).toEqual([
      '',
      '36 540',
      ',00',
      ' $',
    ])
  })

  it('never shows more than there is', () => {
    expect(moneyParts(199, 'CAD', 'en-CA', false).whole).toBe('1')
  })

  it('names the price of one number', () => {
    expect(each(500, 5, 'CAD', 'en-CA')).toBe('$1.00')
    expect(plain(each(2000, 60, 'CAD', 'en-CA'))).toBe('33 ¢')
    expect(plain(each(4000, 150, 'CAD', 'fr-CA'))).toBe('27 ¢')
    expect(each(50, 100, 'EUR', 'en-CA')).toBe('€0.01')
  })
})

describe('numbers', () => {
  it('shows draw numbers with seven digits or more, in threes from the right', () => {
    expect([1, 412_377, 1_204_477, 12_345_678].map((n) => plain(drawNumber(n)))).toEqual([
      '0 000 001',
      '0 412 377',
      '1 204 477',
      '12 345 678',
    ])
    expect(drawNumber(9_007_199_254_740_991)).toBe('9\u00a0007\u00a0199\u00a0254\u00a0740\u00a0991')
  })

  it('groups hashes in fours and pads event numbers', () => {
    expect(fours('a262526bf4')).toEqual(['a262', '526b', 'f4'])
    expect(fours('')).toEqual([])
    expect(eventNumber(147)).toBe('0147')
  })
})

describe('validation numbers', () => {
  it('puts what was typed into fours', () => {
    for (const typed of [
      'H4XW-9PQM-2RKD-7T3C',
      'h4xw9pqm2rkd7t3c',
      ' H4XW 9PQM\t2RKD 7T3C ',
      'H4XW–9PQM–2RKD–7T3C',
      'H4XW—9PQM-2RKD-7T3C',
    ]) {
      expect(validationNumber(typed)).toBe('H4XW-9PQM-2RKD-7T3C')
    }
  })

  it('reads letters that look like digits as the digits they are', () => {
    expect(validationNumber('oOIl-0000-0000-0000')).toBe('0011-0000-0000-0000')
  })

  it('refuses what cannot be one', () => {
    for (const typed of [
      '',
      'H4XW-9PQM-2RKD-7T3',
      'H4XW-9PQM-2RKD-7T3CC',
      'H4XW-9PQM-2RKD-7T3U',
      'H4XW_9PQM_2RKD_7T3C',
    ]) {
      expect(validationNumber(typed)).toBeNull()
    }
  })
})

describe('times', () => {
  const evening = Date.UTC(2026, 10, 22, 1, 45, 7)
  it('stand by the clock of the venue, in 24 hours', () => {
    expect(clock(evening, 'America/Toronto')).toBe('20:45')
    expect(clockSeconds(evening, 'America/Toronto')).toBe('20:45:07')
    expect(clock(Date.UTC(2026, 10, 21, 5, 0), 'America/Toronto')).toBe('00:00')
  })

  it('name the day when it is another one there', () => {
    expect(when(evening, evening - 3600_000, 'America/Toronto', 'en-CA')).toBe('20:45')
    expect(when(evening, evening - 86_400_000, 'America/Toronto', 'en-CA')).toContain('Nov')
    expect(when(evening, evening + 4 * 3600_000, 'America/Toronto', 'en-CA')).toContain('Nov')
  })

  it('says ages coarsely', () => {
    expect([4000, 59_000, 60_000, 7_300_000].map((ms) => age(ms, 'en-US'))).toEqual([
      '4 sec',
      '59 sec',
      '1 min',
      '2 hr',
    ])
  })
})
