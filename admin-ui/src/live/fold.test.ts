import { describe, expect, it } from 'vitest'
import { aBoard, aDevice, aFact, aRaffle, aState } from './fixtures'
import type { AlertCode, BoardAlert, FactPush } from './push'
import { foldBoard, foldFact, foldSnapshot, foldState, reasonsMoved, type LiveRaffle } from './fold'

const view = (change = {}): LiveRaffle => foldSnapshot(undefined, aRaffle(change))

describe('state: the newest by (epoch, seq) wins', () => {
  it('takes a newer push, prizes and all', () => {
    const { raffle } = foldState(view(), aState())
    expect(raffle).toMatchObject({
      jackpot_minor: 6_000,
      numbers_sold: 120,
      as_of_seq: 11,
      jackpot: { value_minor: 6_000, seq: 11, as_of_ms: 950 },
      prizes: [{ id: 1, name: '50/50 jackpot', value_minor: 6_000 }],
    })
  })

  it.each([
    ['the same', { seq: 10 }],
    ['an older', { seq: 9 }],
    ['an older epoch’s, however high its seq', { epoch: 0, seq: 99 }],
  ])('leaves %s push alone', (_, change) => {
    const before = view()
    expect(foldState(before, aState(change))).toBe(before)
  })

  it('does not mind gaps, and lets a new epoch begin anywhere', () => {
    expect(foldState(view(), aState({ seq: 500 })).raffle.as_of_seq).toBe(500)
    expect(foldState(view(), aState({ epoch: 2, seq: 4 })).raffle).toMatchObject({ epoch: 2, as_of_seq: 4 })
  })
})

describe('board', () => {
  it('takes a push of the same position: heartbeats move without events', () => {
    const first = foldBoard(view(), aBoard())
    const second = foldBoard(first, aBoard({ devices: [aDevice({ battery_percent: 9 })] }))
    expect(second.raffle.devices[0]?.battery_percent).toBe(9)
  })

  it('leaves an older one alone', () => {
    const first = foldBoard(view(), aBoard({ seq: 20 }))
    expect(foldBoard(first, aBoard({ seq: 19 }))).toBe(first)
    expect(foldBoard(view(), aBoard({ seq: 9 })).board).toBeNull()
  })

  it('adds the six places up to the total', () => {
    expect(foldBoard(view(), aBoard()).raffle.identity.total).toBe(1_000)
  })

  it('keeps what only a board carries', () => {
    expect(foldBoard(view(), aBoard()).board).toMatchObject({ pending_events: 2, orders: 12 })
  })
})

describe('what the server’s reasons hang on', () => {
  const alert = (code: AlertCode, detail: string): BoardAlert => ({
    code,
    level: 'warning',
    device_id: null,
    since_ms: 1,
    detail,
  })
  const after = (change: Parameters<typeof aBoard>[0]) =>
    foldBoard(view({ status: 'reconciling' }), aBoard({ alerts: [alert('misprints_open', '2')], ...change }))
  const before = after({})

  it('moves when somebody else clears a misprint, though no fact tells of it', () => {
    expect(reasonsMoved(before, foldBoard(before, aBoard({ alerts: [alert('misprints_open', '1')] })))).toBe(
      true,
    )
    expect(reasonsMoved(before, foldBoard(before, aBoard({ alerts: [] })))).toBe(true)
  })

  it('moves when a sale kept apart is decided, and when an order that was held ends', () => {
    const apart = after({ alerts: [alert('quarantine_open', '1')] })
    expect(reasonsMoved(apart, foldBoard(apart, aBoard({ alerts: [] })))).toBe(true)
    const held = after({ held_orders: 2 })
    const fewer = aBoard({ alerts: [alert('misprints_open', '2')], held_orders: 1 })
    expect(reasonsMoved(held, foldBoard(held, fewer))).toBe(true)
  })

  it('moves with a handheld’s state', () => {
    const final = aBoard({ alerts: [alert('misprints_open', '2')], devices: [aDevice({ state: 'final' })] })
    expect(reasonsMoved(before, foldBoard(before, final))).toBe(true)
  })

  it('stays where only heartbeats and money move', () => {
    const same = aBoard({
      alerts: [alert('misprints_open', '2'), alert('battery_low', '07')],
      devices: [aDevice({ battery_percent: 9 })],
      gross_minor: 99,
    })
    expect(reasonsMoved(before, foldBoard(before, same))).toBe(false)
    const selling = foldBoard(view(), aBoard({ held_orders: 1 }))
    expect(reasonsMoved(selling, foldBoard(selling, aBoard({ held_orders: 3 })))).toBe(false)
  })
})

describe('facts: dense, a gap means refetch', () => {
  it('folds the next one', () => {
    const next = foldFact(view(), aFact(4))
    expect(next).toMatchObject({ facts: { epoch: 1, position: 4 }, recent: [{ kind: 'closed' }] })
  })

  it('ignores one that is already folded', () => {
    const before = view()
    expect(foldFact(before, aFact(3))).toBe(before)
    expect(foldFact(before, aFact(1))).toBe(before)
  })

  it('asks for a refetch on a gap or another epoch', () => {
    expect(foldFact(view(), aFact(5))).toBe('refetch')
    expect(foldFact(view(), aFact(4, { epoch: 2 }))).toBe('refetch')
  })

  it('leaves status and money to the state stream, which may be ahead of a replay', () => {
    const closing = foldState(view(), aState({ status: 'closing' }))
    const next = foldFact(closing, aFact(4, { kind: 'resumed', data: { closes_at_ms: 1 } }))
    if (next === 'refetch') throw new Error('refetch')
    expect(next.raffle).toMatchObject({ status: 'closing', closes_at_ms: 100_000 })
  })

  it('seals exactly the draw it names', () => {
    const next = foldFact(
      view(),
      aFact(4, {
        kind: 'locked',
        data: { draw_id: 'w2', draw_no: 2, lock_hash: 'cafe', sold_count: 100 },
      }),
    )
    if (next === 'refetch') throw new Error('refetch')
    expect(next.raffle.draws).toMatchObject([
      { id: 'w1', status: 'planned', lock_hash: null },
      { id: 'w2', status: 'locked', lock_hash: 'cafe', sold_count: 100 },
    ])
  })

  it('drops the acknowledgement when it is cleared', () => {
    const acknowledged = view({
      acknowledgement: { by: 'RF', at_ms: 1, counts: { sold: 1, voided: 0, unsold: 0 } },
    })
    const next = foldFact(
      acknowledged,
      aFact(4, { kind: 'reconciliation_cleared', data: { reason: 'late' } }),
    )
    if (next === 'refetch') throw new Error('refetch')
    expect(next.raffle.acknowledgement).toBeNull()
  })

  it('steps over a kind it does not know, without losing its place', () => {
    const unknown = { ...aFact(4), kind: 'weather', data: {} } as unknown as FactPush
    expect(foldFact(view(), unknown)).toMatchObject({ facts: { position: 4 } })
  })

  it('keeps the last twenty, the newest first', () => {
    let live = view()
    for (let position = 4; position < 40; position++) {
      const next = foldFact(live, aFact(position))
      if (next === 'refetch') throw new Error('refetch')
      live = next
    }
    expect(live.recent).toHaveLength(20)
    expect(live.recent[0]?.position).toBe(39)
  })
})

describe('snapshots', () => {
  it('fold what was pushed after they were taken on top', () => {
    const pushed = foldBoard(foldState(view(), aState({ seq: 30 })), aBoard({ seq: 30 }))
    const { raffle } = foldSnapshot(pushed, aRaffle({ as_of_seq: 25, jackpot_minor: 5_500 }))
    expect(raffle).toMatchObject({ jackpot_minor: 6_000, as_of_seq: 30, held_orders: 1 })
  })

  it('win over pushes that were made before them', () => {
    const pushed = foldState(view(), aState({ seq: 30 }))
    const { raffle, state } = foldSnapshot(pushed, aRaffle({ as_of_seq: 31, jackpot_minor: 7_000 }))
    expect(raffle).toMatchObject({ jackpot_minor: 7_000, as_of_seq: 31 })
    expect(state).toBeNull()
  })

  it('never take the position in the facts back', () => {
    const folded = foldFact(view(), aFact(4))
    if (folded === 'refetch') throw new Error('refetch')
    expect(foldSnapshot(folded, aRaffle({ facts_position: 3 })).facts.position).toBe(4)
    expect(foldSnapshot(folded, aRaffle({ facts_position: 9 })).facts.position).toBe(9)
    expect(foldSnapshot(folded, aRaffle({ epoch: 2, facts_position: 4 })).facts).toEqual({
      epoch: 2,
      position: 4,
    })
  })
})
