import { describe, expect, it } from 'vitest'
import type { DrawStatusName, RaffleStatus, RaffleView } from '../api/client'
import type { Link } from '../live/feed'
import { digitsAt, planReveal, revealMs, stepAt } from '../screens/display/reveal'
import { sceneOf } from '../screens/display/scene'
import { mainWinner, stageOf } from '../screens/stage'
import { outcomeOf } from '../screens/ticket/outcome'
import { match } from '../router'
import { sampleDraw, sampleRaffle, sampleTicket, sampleWinner } from './sample'

const LIVE: Link = { kind: 'live' }
const LOST: Link = { kind: 'lost', heardMs: 0 }

function raffle(
  status: RaffleStatus,
  draw: DrawStatusName = 'planned',
  change: Partial<RaffleView> = {},
): RaffleView {
  const published = draw === 'published' || draw === 'settled'
  const winners = published
    ? [sampleWinner(87_214, { prize_id: 10, prize_name: 'Jersey' }), sampleWinner(412_377)]
    : null
  const draws = [sampleDraw({ status: draw, winners, published_at_ms: published ? 10_000 : null })]
  return sampleRaffle({ status, draws, ...change })
}

describe('stage', () => {
  it('follows the status, and after the close the draws', () => {
    const table: [RaffleStatus, DrawStatusName, string][] = [
      ['draft', 'planned', 'soon'],
      ['configured', 'planned', 'soon'],
      ['selling', 'planned', 'selling'],
      ['selling', 'published', 'selling'],
      ['suspended', 'planned', 'paused'],
      ['closing', 'planned', 'closing'],
      ['reconciling', 'planned', 'closing'],
      ['reconciled', 'acknowledged', 'counted'],
      ['reconciled', 'locked', 'sealed'],
      ['reconciled', 'proven', 'sealed'],
      ['reconciled', 'drawn', 'sealed'],
      ['reconciled', 'published', 'published'],
      ['finalized', 'settled', 'published'],
      ['reconciled', 'blocked', 'counted'],
      ['cancelled', 'planned', 'cancelled'],
    ]
    for (const [status, draw, stage] of table)
      expect(stageOf(raffle(status, draw)), `${status} ${draw}`).toBe(stage)
  })

  it('waits for every draw that was not cancelled', () => {
    const draws = [
      sampleDraw({ id: 'a', status: 'published' }),
      sampleDraw({ id: 'b', status: 'locked' }),
      sampleDraw({ id: 'c', status: 'cancelled' }),
    ]
    expect(stageOf(sampleRaffle({ status: 'reconciled', draws }))).toBe('sealed')
  })

  it('knows the winner everybody waits for', () => {
    expect(mainWinner(raffle('reconciled', 'published'))?.number).toBe(412_377)
    expect(mainWinner(raffle('reconciled', 'drawn'))).toBeNull()
  })
})

describe('wall', () => {
  const at = (view: RaffleView, nowMs: number, link: Link = LIVE, lostMs = 0) =>
    sceneOf(view, link, nowMs, lostMs).kind

  it('shows the jackpot, the last call from 60 s, and the close', () => {
    const selling = raffle('selling', 'planned', { closes_at_ms: 100_000 })
    expect(at(selling, 39_000)).toBe('jackpot')
    expect(at(selling, 40_000)).toBe('countdown')
    expect(at(selling, 99_999)).toBe('countdown')
    expect(at(selling, 100_000)).toBe('note')
  })

  it('says it lost the line after a while, but never over the last call or a result', () => {
    const selling = raffle('selling', 'planned', { closes_at_ms: 100_000 })
    expect(at(selling, 0, LOST, 7000)).toBe('jackpot')
    expect(at(selling, 0, LOST, 9000)).toBe('lost')
    expect(at(selling, 70_000, LOST, 9000)).toBe('countdown')
    expect(at(raffle('reconciled', 'locked'), 0, LOST, 9000)).toBe('sealed')
  })

  it('notes what is between', () => {
    for (const status of ['configured', 'suspended', 'closing', 'reconciled', 'cancelled'] as const) {
      expect(at(raffle(status), 0)).toBe('note')
    }
  })

  it('reveals prize after prize, then keeps the numbers up', () => {
    const done = raffle('reconciled', 'published')
    const first = revealMs(87_214)
    expect(sceneOf(done, LIVE, 10_000, 0)).toMatchObject({ kind: 'reveal', index: 1, total: 2, intoMs: 0 })
    expect(sceneOf(done, LIVE, 10_000 + first, 0)).toMatchObject({
      kind: 'winner',
      winner: { number: 87_214 },
    })
    expect(sceneOf(done, LIVE, 10_000 + first + 9000, 0)).toMatchObject({ kind: 'reveal', index: 2 })
    expect(sceneOf(done, LIVE, 10_000_000, 0)).toMatchObject({ kind: 'winners', onePrize: false })
  })

  it('keeps a single winner up as the winner', () => {
    const one = raffle('reconciled', 'published')
    one.draws = [sampleDraw({ status: 'published', winners: [sampleWinner(5)], published_at_ms: 0 })]
    expect(at(one, 10_000_000)).toBe('winner')
  })

  it('lists many winners of one prize in pages', () => {
    const many = Array.from({ length: 45 }, (_, i) => sampleWinner(i + 1, { position: i + 1 }))
    expect(planReveal(many).map((step) => (step.kind === 'grid' ? step.winners.length : 0))).toEqual([
      20, 20, 5,
    ])
    const view = raffle('reconciled', 'published')
    view.draws = [sampleDraw({ status: 'published', winners: many, published_at_ms: 0 })]
    const pages = [0, 1, 2, 3].map((page) => {
      const scene = sceneOf(view, LIVE, 3_600_000 + page * 12_000, 0)
      return scene.kind === 'winners' ? scene.winners[0]?.number : null
    })
    expect(pages).toEqual([1, 21, 41, 1])
  })
})

describe('reveal', () => {
  it('settles digits from left to right and ends on all of them', () => {
    const seen: number[] = []
    for (let ms = 0; ms <= revealMs(412_377); ms += 50) {
      const { settled, progress } = digitsAt(412_377, ms)
      expect(progress).toBeGreaterThanOrEqual(0)
      expect(progress).toBeLessThan(1)
      if (seen.at(-1) !== settled) seen.push(settled)
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(digitsAt(412_377, revealMs(412_377) - 1).settled).toBe(7)
  })

  it('is the same on every wall, whenever it was switched on', () => {
    const steps = planReveal([sampleWinner(1)])
    expect(stepAt(steps, -500)?.intoMs).toBe(0)
    expect(stepAt(steps, 3000)).toMatchObject({ intoMs: 3000, step: { kind: 'reveal' } })
    expect(stepAt(steps, 1_000_000)).toBeNull()
  })
})

describe('ticket outcome', () => {
  const ticket = sampleTicket({
    ranges: [
      { first: 1, last: 3 },
      { first: 412_370, last: 412_380 },
    ],
  })

  it('is pending until every draw is published', () => {
    expect(outcomeOf(ticket, null, null)).toEqual({ kind: 'pending', stage: null })
    expect(outcomeOf(ticket, null, raffle('selling')).kind).toBe('pending')
    expect(outcomeOf(ticket, null, raffle('reconciled', 'drawn'))).toEqual({
      kind: 'pending',
      stage: 'sealed',
    })
  })

  it('knows it won from the pushed numbers alone, and from the server alone', () => {
    expect(outcomeOf(ticket, null, raffle('reconciled', 'published'))).toEqual({
      kind: 'won',
      prizes: [{ prize_name: '50/50 jackpot', number: 412_377, value_minor: 1000 }],
    })
    const won = [{ prize_id: 30, prize_name: '50/50 jackpot', position: 1, number: 412_377 }]
    const check = { valid: true, state: 'valid' as const, won, ticket }
    expect(outcomeOf(ticket, check, null).kind).toBe('won')
    const both = outcomeOf(ticket, check, raffle('reconciled', 'published'))
    expect(both.kind === 'won' && both.prizes.length).toBe(1)
  })

  it('lost, void and cancelled', () => {
    const other = sampleTicket({ ranges: [{ first: 1, last: 3 }] })
    expect(outcomeOf(other, null, raffle('reconciled', 'published')).kind).toBe('lost')
    expect(outcomeOf(other, { valid: true, state: 'valid', won: [], ticket: other }, null).kind).toBe('lost')
    const voided = { valid: false, state: 'voided' as const, won: null, ticket }
    expect(outcomeOf(ticket, voided, raffle('reconciled', 'published')).kind).toBe('voided')
    expect(outcomeOf(ticket, null, raffle('cancelled')).kind).toBe('cancelled')
  })
})

describe('addresses', () => {
  it('lead to screens', () => {
    expect(match('/')).toEqual({ name: 'events' })
    expect(match('/events/r1')).toEqual({ name: 'event', id: 'r1' })
    expect(match('/events/r1/')).toEqual({ name: 'event', id: 'r1' })
    expect(match('/events/r1/display')).toEqual({ name: 'display', id: 'r1' })
    expect(match('/tickets/H4XW-9PQM-2RKD-7T3C')).toEqual({
      name: 'ticket',
      validation: 'H4XW-9PQM-2RKD-7T3C',
    })
    for (const path of ['/events', '/events/r1/other', '/tickets', '/admin', '/events/r1/display/x']) {
      expect(match(path).name).toBe('not_found')
    }
    expect(match('/tickets/%zz')).toEqual({ name: 'ticket', validation: '%zz' })
  })
})
