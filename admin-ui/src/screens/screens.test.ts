import { describe, expect, it } from 'vitest'
import type { DrawStatus } from '../api/types'
import { aDevice } from '../live/fixtures'
import { railOrder, waitingFor } from './closing/progress'
import { drawProgress, hasResult } from './draw/drawProgress'
import { judgePassword } from './login/passwordRules'
import { comparesTo } from './publish/comparison'
import { identityDifference, identityTerms } from './reconcile/identity'
import { csv } from './report/csv'

describe('the close', () => {
  const devices = [
    aDevice({ label: '1', state: 'final' }),
    aDevice({ label: '2', unsynced_records: 2 }),
    aDevice({ label: '3', unsynced_records: 9 }),
    aDevice({ label: '4', online: false, last_heartbeat_ms: 500 }),
    aDevice({ label: '5', online: false, last_heartbeat_ms: null }),
    aDevice({ label: '6', state: 'lost' }),
  ]

  it('waits for the slowest first', () => {
    expect(waitingFor(devices).map((device) => device.label)).toEqual(['5', '4', '3', '2'])
  })

  it('fills its rail from the left', () => {
    expect(railOrder(devices)).toEqual(['final', 'lost', 'uploading', 'uploading', 'silent', 'silent'])
  })
})

describe('the identity', () => {
  const identity = { total: 100, sold: 60, voided: 0, held: 0, reserved: 0, out_of_play: 3, unsold: 37 }

  it('shows sold, voided and unsold always, the rest while it holds something', () => {
    expect(identityTerms(identity).map(({ term }) => term)).toEqual([
      'sold',
      'voided',
      'out_of_play',
      'unsold',
    ])
  })

  it('balances or says by how much it does not', () => {
    expect(identityDifference(identity)).toBe(0)
    expect(identityDifference({ ...identity, sold: 58 })).toBe(2)
  })
})

describe('the draw', () => {
  const draw = (
    status: DrawStatus['status'],
    ...reached: DrawStatus['steps'][number]['step'][]
  ): DrawStatus => ({
    id: 'w1',
    raffle_id: 'r1',
    draw_no: 1,
    status,
    steps: reached.map((step) => ({ step, at_ms: 1 })),
    plan_hash: 'aa',
    lock_hash: null,
    grade: '0',
  })
  const states = (of: DrawStatus) => drawProgress(of).map(({ state }) => state)

  it('has one step at a time', () => {
    expect(states(draw('planned', 'planned'))).toEqual(['done', 'now', 'later', 'later', 'later', 'later'])
    expect(states(draw('drawn', 'planned', 'locked', 'revealed', 'proven', 'drawn'))).toEqual([
      'done',
      'done',
      'done',
      'done',
      'done',
      'now',
    ])
  })

  it('has no next step once it is blocked or cancelled', () => {
    expect(states(draw('cancelled', 'planned'))).not.toContain('now')
    expect(states(draw('blocked', 'planned', 'locked'))).not.toContain('now')
  })

  it('has a result only when one is saved', () => {
    expect(hasResult('proven')).toBe(false)
    expect(hasResult('drawn')).toBe(true)
    expect(hasResult('settled')).toBe(true)
  })
})

describe('comparing the seal', () => {
  const seal = 'a262526bf4b5b9f0'
  it.each([
    ['', 'incomplete'],
    ['b9f', 'incomplete'],
    ['b9f0', 'equal'],
    [' B9 F0 ', 'equal'],
    ['f0b9', 'different'],
    ['5b9f0', 'equal'],
  ])('%j is %s', (typed, result) => {
    expect(comparesTo(typed, seal)).toBe(result)
  })
  it('never passes without a seal', () => {
    expect(comparesTo('0000', '')).toBe('incomplete')
  })
})

describe('a new password', () => {
  it('needs twelve characters, a change and a second spelling', () => {
    expect(judgePassword('', 'short', 'x').map(({ field, why }) => [field, why])).toEqual([
      ['current', 'missing'],
      ['next', 'short'],
      ['repeat', 'differs'],
    ])
    expect(judgePassword('correct horse', 'correct horse', 'correct horse')).toEqual([
      { field: 'next', why: 'same' },
    ])
    expect(judgePassword('one-time', 'a whole sentence', 'a whole sentence')).toEqual([])
  })

  it('counts characters as people do', () => {
    expect(judgePassword('x', '🎟'.repeat(11), '🎟'.repeat(11))).toMatchObject([{ why: 'short', missing: 1 }])
  })
})

describe('CSV', () => {
  it('quotes what must be quoted and defuses formulas', () => {
    expect(
      csv([
        ['a,b', 'say "hi"', 3],
        ['=SUM(A1)', '-', '2.50'],
      ]),
    ).toBe('"a,b","say ""hi""",3\r\n\'=SUM(A1),\'-,2.50\r\n')
  })
})
