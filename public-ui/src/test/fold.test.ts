import { describe, expect, it } from 'vitest'
import { type LiveView, foldFact, foldState, foldView, startView } from '../live/fold'
import type { FactPush } from '../live/push'
import { sampleRaffle, sampleState, sampleWinner } from './sample'

const start = () => startView(sampleRaffle())

function fact<K extends FactPush['kind']>(
  position: number,
  kind: K,
  data: Extract<FactPush, { kind: K }>['data'],
  epoch = 1,
): FactPush {
  return { t: 'fact', epoch, position, at_ms: position * 1000, kind, data } as FactPush
}

function taken(view: LiveView | 'refetch'): LiveView {
  if (view === 'refetch') throw new Error('refetch')
  return view
}

describe('state: the newest wins', () => {
  it('takes a newer one and leaves an older or repeated one', () => {
    const view = foldState(start(), sampleState({ seq: 12, jackpot_minor: 1500 }))
    expect(view.shown).toMatchObject({ minor: 1500, seq: 12, epoch: 1, as_of_ms: 100 })
    expect(view.raffle.prizes[0]?.value_minor).toBe(1250)
    expect(foldState(view, sampleState({ seq: 11, jackpot_minor: 9999 }))).toBe(view)
    expect(foldState(view, sampleState({ seq: 12, jackpot_minor: 9999 }))).toBe(view)
  })

  it('orders by epoch before seq', () => {
    const view = foldState(start(), sampleState({ epoch: 2, seq: 3, jackpot_minor: 1600 }))
    expect(view.shown.minor).toBe(1600)
    expect(foldState(view, sampleState({ epoch: 1, seq: 99, jackpot_minor: 9999 }))).toBe(view)
  })

  it('skips over missed ones without asking', () => {
    expect(foldState(start(), sampleState({ seq: 500, jackpot_minor: 7000 })).shown.minor).toBe(7000)
  })

  it('keeps the deadline when a push has none', () => {
    expect(foldState(start(), sampleState({ closes_at_ms: null })).raffle.closes_at_ms).toBe(3_600_000)
  })
})

describe('the jackpot never goes backwards without a reason', () => {
  it('holds back a fall that nothing explains, and shows the next rise', () => {
    const held = foldState(start(), sampleState({ seq: 11, jackpot_minor: 900 }))
    expect(held.shown.minor).toBe(1000)
    expect(held.held?.minor).toBe(900)
    const risen = foldState(held, sampleState({ seq: 12, jackpot_minor: 1100 }))
    expect(risen.shown.minor).toBe(1100)
    expect(risen.held).toBeNull()
    expect(risen.notice).toBeNull()
  })

  it('falls with a label when the void came first', () => {
    const told = taken(
      foldFact(start(), fact(2, 'voided', { order_count: 1, amount_minor: 500, numbers: 5 })),
    )
    expect(told.shown.minor).toBe(1000)
    const fallen = foldState(told, sampleState({ seq: 11, jackpot_minor: 750, voided_minor: 500 }))
    expect(fallen.shown.minor).toBe(750)
    expect(fallen.notice).toEqual({ minor: 250, at_ms: 2000 })
  })

  it('falls with a label when the void comes after the value', () => {
    const held = foldState(start(), sampleState({ seq: 11, jackpot_minor: 750 }))
    const fallen = taken(foldFact(held, fact(2, 'voided', { order_count: 1, amount_minor: 500, numbers: 5 })))
    expect(fallen.shown.minor).toBe(750)
    expect(fallen.notice).toEqual({ minor: 250, at_ms: 2000 })
  })

  it('takes the total of voids as a label, for voids that happened while the line was down', () => {
    const fallen = foldState(start(), sampleState({ seq: 11, jackpot_minor: 750, voided_minor: 500 }))
    expect(fallen.notice).toEqual({ minor: 250, at_ms: 100 })
  })

  it('does not let a void that was outweighed by sales excuse a later fall', () => {
    const told = taken(
      foldFact(start(), fact(2, 'voided', { order_count: 1, amount_minor: 500, numbers: 5 })),
    )
    const risen = foldState(told, sampleState({ seq: 11, jackpot_minor: 1200, voided_minor: 500 }))
    const next = foldState(risen, sampleState({ seq: 12, jackpot_minor: 1100, voided_minor: 500 }))
    expect(next.shown.minor).toBe(1200)
  })

  it('takes the amount announced at the reconciliation as it is', () => {
    const held = foldState(start(), sampleState({ seq: 11, jackpot_minor: 900 }))
    const data = { prizes: [[30, 900]] as [number, number][], sold: 1, voided: 0, unsold: 1 }
    const final = taken(foldFact(held, fact(2, 'reconciled', data)))
    expect(final.shown.minor).toBe(900)
    expect(final.notice).toBeNull()
    expect(final.raffle.status).toBe('reconciled')
  })
})

describe('facts: dense positions', () => {
  it('takes the next, ignores a known one, and asks for everything after a gap', () => {
    const view = start()
    const next = taken(foldFact(view, fact(2, 'suspended', { reason: 'rain' })))
    expect(next.raffle).toMatchObject({ facts_position: 2, status: 'suspended', suspended_reason: 'rain' })
    expect(foldFact(next, fact(2, 'closed', {}))).toBe(next)
    expect(foldFact(next, fact(1, 'closed', {}))).toBe(next)
    expect(foldFact(next, fact(4, 'closed', {}))).toBe('refetch')
  })

  it('asks for everything when a new writer speaks', () => {
    expect(foldFact(start(), fact(2, 'closed', {}, 2))).toBe('refetch')
  })

  it('steps over a kind it does not know', () => {
    const strange = { t: 'fact', epoch: 1, position: 2, at_ms: 0, kind: 'later_invention', data: {} }
    const view = taken(foldFact(start(), strange as unknown as FactPush))
    expect(view.raffle.facts_position).toBe(2)
  })

  it('walks an event from the sale to the result', () => {
    const winners = [sampleWinner(412_377)]
    const story: FactPush[] = [
      fact(2, 'close_announced', { closes_at_ms: 9, reason: 'curfew' }),
      fact(3, 'closed', {}),
      fact(4, 'reconciling', {}),
      fact(5, 'reconciled', { prizes: [[30, 1000]], sold: 25, voided: 0, unsold: 5 }),
      fact(6, 'locked', { draw_id: 'd1', draw_no: 1, lock_hash: 'ff00', sold_count: 25 }),
      fact(7, 'proven', { draw_id: 'd1' }),
      fact(8, 'drawn', { draw_id: 'd1' }),
      fact(9, 'published', { draw_id: 'd1', draw_no: 1, winners }),
      fact(10, 'settled', { draw_id: 'd1', draw_no: 1 }),
      fact(11, 'finalized', {}),
    ]
    let view = start()
    const seen = story.map((step) => {
      view = taken(foldFact(view, step))
      return `${view.raffle.status}/${view.raffle.draws[0]?.status ?? ''}`
    })
    expect(seen).toEqual([
      'selling/planned',
      'closing/planned',
      'reconciling/planned',
      'reconciled/planned',
      'reconciled/locked',
      'reconciled/proven',
      'reconciled/drawn',
      'reconciled/published',
      'reconciled/settled',
      'finalized/settled',
    ])
    expect(view.raffle.draws[0]).toMatchObject({
      lock_hash: 'ff00',
      locked_at_ms: 6000,
      winners,
      published_at_ms: 9000,
    })
    expect(view.raffle.closes_at_ms).toBe(9)
  })
})

describe('a whole view fetched again', () => {
  it('is left out when the socket already told more', () => {
    const view = taken(foldFact(start(), fact(2, 'suspended', { reason: 'rain' })))
    expect(foldView(view, sampleRaffle())).toBe(view)
  })

  it('keeps newer figures from the socket and takes the rest', () => {
    const view = foldState(start(), sampleState({ seq: 20, jackpot_minor: 2000 }))
    const next = foldView(view, sampleRaffle({ facts_position: 3, suspended_reason: 'rain' }))
    expect(next.shown.minor).toBe(2000)
    expect(next.raffle.jackpot.value_minor).toBe(2000)
    expect(next.raffle).toMatchObject({ facts_position: 3, suspended_reason: 'rain' })
  })

  it('may not turn the jackpot back either', () => {
    const older = sampleRaffle({ jackpot: { value_minor: 800, seq: 30, as_of_ms: 5 }, facts_position: 2 })
    expect(foldView(start(), older).shown.minor).toBe(1000)
    expect(foldView(start(), { ...older, voided_minor: 400 }).notice).toEqual({ minor: 200, at_ms: 5 })
  })
})
