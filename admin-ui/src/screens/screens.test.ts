import { describe, expect, it } from 'vitest'
import type { DrawStatus, RaffleAdmin, TicketCheck } from '../api/types'
import { aDevice, aRaffle } from '../live/fixtures'
import { railOrder, waitingFor } from './closing/progress'
import { drawProgress, hasResult } from './draw/drawProgress'
import { judgePassword } from './login/passwordRules'
import { comparesTo } from './publish/comparison'
import { byLabel } from './devices/byLabel'
import { codeText, detailParts, news, partyText } from './log/parties'
import { groupBlockers } from './reconcile/blockers'
import { identityDifference, identityTerms } from './reconcile/identity'
import { groupDigits } from './reconcile/statement'
import { csv } from './report/csv'
import { sectionOf } from './setup/configForm'
import { settledBy } from './tickets/settledBy'
import { en } from '../i18n/en'
import { fr } from '../i18n/fr'

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

describe('handhelds', () => {
  it('stand in the order of what is written on them', () => {
    const labels = ['10', '2', 'Simulated 03', '01'].map((label) => ({ label }))
    expect(labels.toSorted(byLabel).map(({ label }) => label)).toEqual(['01', '2', '10', 'Simulated 03'])
  })
})

describe('what is in the way', () => {
  const blocker = (code: string, detail: string, device_id: string | null = null) => ({
    code,
    detail,
    device_id,
  })

  it('says the same about many tickets once, with their count', () => {
    const open = blocker('misprint_open', 'A misprinted ticket waits for a decision.')
    const groups = groupBlockers([open, blocker('device_open', 'Not final.', 'd1'), open, open])
    expect(groups.map(({ code, times }) => [code, times])).toEqual([
      ['misprint_open', 3],
      ['device_open', 1],
    ])
  })

  it('keeps a line for each handheld', () => {
    const two = [blocker('device_open', 'Not final.', 'd1'), blocker('device_open', 'Not final.', 'd2')]
    expect(groupBlockers(two)).toHaveLength(2)
  })
})

describe('the statement', () => {
  const format = (value: number) => new Intl.NumberFormat('en-CA').format(value)

  it('reads its counts in groups of three, and leaves the rest alone', () => {
    expect(groupDigits('event 1: 74975 sold, 360 voided, 1424665 unsold.', format)).toBe(
      'event 1: 74,975 sold, 360 voided, 1,424,665 unsold.',
    )
    expect(groupDigits('licence L-20814, 2027-0001', format)).toBe('licence L-20814, 2027-0001')
  })
})

describe('what may be decided about a ticket', () => {
  const draw = (lock_hash: string | null) =>
    ({ ...aRaffle().draws[0], lock_hash }) as RaffleAdmin['draws'][number]
  const at = (status: RaffleAdmin['status'], lock: string | null = null) => ({ status, draws: [draw(lock)] })
  const ticket = (state: 'valid' | 'voided' | 'misprinted') => ({ ticket: { state }, won: [] })

  it('is everything until the counts are confirmed', () => {
    expect(settledBy(ticket('valid'), at('selling'))).toBeNull()
    expect(settledBy(ticket('misprinted'), at('reconciling'))).toBeNull()
    // Looked up from outside its event: the server judges.
    expect(settledBy(ticket('valid'), null)).toBeNull()
  })

  it('is nothing after that, and the reason says what it hangs on', () => {
    expect(settledBy(ticket('valid'), at('reconciled'))).toBe('confirmed')
    expect(settledBy(ticket('valid'), at('reconciled', 'aa'))).toBe('sealed')
    expect(settledBy(ticket('valid'), at('finalized'))).toBe('sealed')
    expect(settledBy(ticket('valid'), at('cancelled'))).toBe('cancelled')
    expect(settledBy(ticket('voided'), at('selling'))).toBe('voided')
    const won = [{ prize_id: 1, prize_name: 'x', position: 1, number: 5 }] as TicketCheck['won']
    expect(settledBy({ ...ticket('valid'), won }, null)).toBe('sealed')
  })
})

describe('the log', () => {
  const user = 'user:bcc9b0c4-5df6-853d-bd34-2ec87a40d96f'

  it('shows names where there are any, and never a whole id', () => {
    expect(partyText(user, 'Samantha Okafor', en)).toBe('Samantha Okafor')
    expect(partyText('rsu:7940e4bd', '07', en)).toBe('Handheld 07')
    expect(partyText(user, null, en)).toBe('Account bcc9b0c4…')
    expect(partyText('system', null, en)).toBe('The server')
    expect(partyText('kiosk', undefined, en)).toBe('kiosk')
  })

  it('does not say again what the line is about', () => {
    const line = { component: 'rsu:7940e4bd', component_name: '07' }
    expect(news({ ...line, detail: 'handheld 07' }, en)).toBe('')
    expect(news({ ...line, detail: 'handheld 07' }, fr)).toBe('')
    expect(news({ ...line, detail: 'lost at gate 4' }, en)).toBe('lost at gate 4')
  })

  it('says codes in words, also ones it has never heard of', () => {
    expect(codeText('rsu_disconnected', en)).toBe('Handheld disconnected')
    expect(codeText('roof_opened', en)).toBe('roof opened')
  })

  it('parts a sentence at the ticket it names', () => {
    const order = 'db86d5b5-011d-4079-b771-2c65378d64ae'
    expect(detailParts(`ticket ${order}: paper jam`)).toEqual({
      before: 'ticket ',
      order,
      after: ': paper jam',
    })
    expect(detailParts('rain')).toEqual({ before: 'rain', order: null, after: '' })
  })
})

describe('a fault in the set-up', () => {
  it('is named with the section its field stands in', () => {
    expect(
      ['name', 'closeTime', 'packages.0.price', 'reserves', 'pools.rsu', 'lines.1'].map(sectionOf),
    ).toEqual(['event', 'sales', 'packages', 'prizes', 'numbers', 'lines'])
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
