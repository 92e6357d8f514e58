import { describe, expect, it } from 'vitest'
import type { ApiOrder, Result } from '../api/client'
import { type Order, advance, nextStep, pauseMs } from '../purchase/order'
import { answer, ok, problem } from './sample'

const fresh: Order = {
  key: 'k1',
  raffle_id: 'r1',
  event_name: 'Hawks vs. Kodiaks',
  lines: [{ package_id: 1, quantity: 1 }],
  outcome: 'pay',
  numbers: 5,
  price_minor: 500,
  currency: 'CAD',
  created_ms: 0,
  phase: 'sending',
  tries: 0,
  code: null,
  expires_at_ms: null,
  ticket: null,
}

const REPLIES: Record<string, Result<ApiOrder>> = {
  none: { kind: 'no_reply' },
  paid: ok(answer('paid'), 201),
  held: ok(answer('held'), 202),
  expired: ok(answer('expired')),
  declined_order: ok(answer('declined')),
  refund_due: ok(answer('refund_due')),
  not_seen: ok(answer('not_seen')),
  payment_declined: problem(402, 'payment_declined'),
  sold_out: problem(409, 'sold_out'),
  closed: problem(409, 'sales_closed'),
  hold_ended: problem(409, 'hold_ended'),
  terms: problem(409, 'idempotency_terms_differ'),
  invalid: problem(422, 'invalid'),
  overloaded: problem(503, 'overloaded', 2000),
  slow_down: problem(429, 'rate_limited'),
}

/** Plays a script: what was done, what came back, when, and the phase and next step that follow. */
function check(script: string): void {
  let order = fresh
  for (const line of script.trim().split('\n')) {
    const [what = '', then = ''] = line.split('->').map((part) => part.trim())
    const [word = '', reply = '', , at = '0s'] = what.split(/\s+/)
    const nowMs = Number.parseInt(at, 10) * 1000
    if (word === 'resume') order = advance(order, { type: 'resume' })
    else if (word === 'again') order = advance(order, { type: 'send_again', nowMs })
    else if (word === 'send' || word === 'ask') {
      const result = REPLIES[reply]
      if (result === undefined) throw new Error(`no reply ${reply}`)
      order = advance(order, { type: 'reply', to: word, result, nowMs })
    } else throw new Error(`what is ${word}`)
    expect(`${order.phase}, ${nextStep(order)}`, line).toBe(then)
  }
}

describe('purchase', () => {
  it('paid at once', () =>
    check(`
      send paid   -> paid, none
    `))

  it('a dropped reply is an unknown outcome: ask, and find the ticket', () =>
    check(`
      send none at 15s  -> unknown, ask
      ask  none at 16s  -> unknown, ask
      ask  paid at 18s  -> paid, none
    `))

  it('a dropped request goes out again under the same key', () =>
    check(`
      send none at 15s      -> unknown, ask
      ask  not_seen at 16s  -> sending, send
      send paid at 16s      -> paid, none
    `))

  it('later than a minute the buyer decides whether it goes out again', () =>
    check(`
      send none at 15s       -> unknown, ask
      ask  not_seen at 100s  -> not_sent, none
      again - at 120s        -> sending, send
      send none at 121s      -> unknown, ask
      ask  not_seen at 122s  -> sending, send
      send paid at 123s      -> paid, none
    `))

  it('goes on after a reload', () =>
    check(`
      resume              -> unknown, ask
      ask  held at 5s     -> pending, ask
      resume              -> pending, ask
      ask  paid at 9s     -> paid, none
    `))

  it('a late webhook', () =>
    check(`
      send held at 1s    -> pending, ask
      ask  held at 2s    -> pending, ask
      ask  none at 3s    -> pending, ask
      ask  paid at 60s   -> paid, none
    `))

  it('a provider that never answers', () =>
    check(`
      send held at 1s       -> pending, ask
      ask  expired at 600s  -> expired, none
    `))

  it('a payment that found no hold is a refund', () =>
    check(`
      send held at 1s          -> pending, ask
      ask  refund_due at 700s  -> refund_due, none
    `))

  it('declined, as a refusal and as a recorded order', () => {
    check(`send payment_declined -> declined, none`)
    check(`
      send none at 1s            -> unknown, ask
      ask  declined_order at 2s  -> declined, none
    `)
  })

  it('refusals end it; trouble does not', () => {
    check(`send sold_out -> refused, none`)
    check(`send closed -> refused, none`)
    check(`send hold_ended -> expired, none`)
    check(`send invalid -> refused, none`)
    check(`send overloaded -> unknown, ask`)
    check(`send slow_down -> unknown, ask`)
    check(`
      send none at 1s        -> unknown, ask
      ask  overloaded at 2s  -> unknown, ask
      ask  sold_out at 3s    -> unknown, ask
      ask  paid at 4s        -> paid, none
    `)
  })

  it('a key known with other terms is asked about, not given up', () =>
    check(`
      send terms -> unknown, ask
      ask  paid  -> paid, none
    `))

  it('what is settled stays settled', () => {
    const paid = advance(fresh, { type: 'reply', to: 'send', result: ok(answer('paid'), 201), nowMs: 0 })
    expect(paid.ticket?.validation_number).toBe('H4XW-9PQM-2RKD-7T3C')
    expect(advance(paid, { type: 'reply', to: 'ask', result: ok(answer('not_seen')), nowMs: 1 })).toBe(paid)
    expect(advance(paid, { type: 'send_again', nowMs: 1 })).toBe(paid)
    expect(advance(paid, { type: 'resume' }).phase).toBe('paid')
  })

  it('says why it was refused, and until when numbers are held', () => {
    const refused = advance(fresh, { type: 'reply', to: 'send', result: problem(409, 'sold_out'), nowMs: 0 })
    expect(refused.code).toBe('sold_out')
    const held = advance(fresh, { type: 'reply', to: 'send', result: ok(answer('held'), 202), nowMs: 0 })
    expect(held.expires_at_ms).toBe(600_000)
  })

  it('asks ever more slowly, up to every ten seconds', () => {
    let order = advance(fresh, { type: 'reply', to: 'send', result: ok(answer('held'), 202), nowMs: 0 })
    const pauses: number[] = []
    for (let i = 0; i < 6; i++) {
      pauses.push(pauseMs(order, 0.5))
      order = advance(order, { type: 'reply', to: 'ask', result: ok(answer('held')), nowMs: 0 })
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
    expect(pauseMs(order, 0)).toBe(7500)
    expect(pauseMs(order, 1)).toBe(12_500)
  })
})
