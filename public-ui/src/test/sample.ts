import type { ApiOrder, DrawSummary, RaffleView, Result, Ticket, Winner } from '../api/client'
import type { StatePush } from '../live/push'

/** One event, small numbers, for every test. */
export function sampleRaffle(change: Partial<RaffleView> = {}): RaffleView {
  return {
    id: 'r1',
    event_number: 147,
    name: 'Hawks vs. Kodiaks',
    organisation_name: 'Hawks Community Foundation',
    venue_name: 'Tidewater Arena',
    time_zone: 'America/Toronto',
    status: 'selling',
    kind: 'live',
    currency: 'CAD',
    sales_start_ms: 0,
    closes_at_ms: 3_600_000,
    jackpot_minor: 1000,
    as_of_seq: 10,
    licence: null,
    location: 'Tidewater Arena',
    ticket_lines: [],
    packages: [
      { id: 1, label: '5 numbers', numbers: 5, price_minor: 500, remaining: null },
      { id: 2, label: '60 numbers', numbers: 60, price_minor: 2000, remaining: null },
    ],
    prizes: [
      {
        id: 30,
        name: '50/50 jackpot',
        kind: 'percentage',
        quantity: 1,
        value_minor: 1000,
        basis_points: 5000,
        guarantee_minor: null,
        cap_minor: null,
      },
    ],
    main_prize_id: 30,
    jackpot: { value_minor: 1000, seq: 10, as_of_ms: 0 },
    numbers_sold: 20,
    tickets_sold: 2,
    voided_minor: 0,
    online_sales: true,
    payment_provider: { name: 'simulated', test: true },
    draws: [sampleDraw()],
    facts_position: 1,
    epoch: 1,
    server_time_ms: 0,
    suspended_reason: null,
    cancelled_reason: null,
    ...change,
  }
}

export function sampleDraw(change: Partial<DrawSummary> = {}): DrawSummary {
  return {
    id: 'd1',
    draw_no: 1,
    status: 'planned',
    grade: '0',
    plan_hash: 'ab'.repeat(32),
    lock_hash: null,
    sold_count: null,
    locked_at_ms: null,
    published_at_ms: null,
    winners: null,
    reserves: null,
    ...change,
  }
}

export function sampleWinner(number: number, change: Partial<Winner> = {}): Winner {
  return { prize_id: 30, prize_name: '50/50 jackpot', position: 1, number, value_minor: 1000, ...change }
}

export function sampleState(change: Partial<StatePush> = {}): StatePush {
  return {
    t: 'state',
    epoch: 1,
    seq: 11,
    as_of_ms: 100,
    server_time_ms: 100,
    status: 'selling',
    jackpot_minor: 1250,
    prizes: [[30, 1250]],
    numbers_sold: 25,
    tickets_sold: 3,
    voided_minor: 0,
    closes_at_ms: 3_600_000,
    online_sales: true,
    ...change,
  }
}

export function sampleTicket(change: Partial<Ticket> = {}): Ticket {
  return {
    order_key: 'k1',
    raffle_id: 'r1',
    event_number: 147,
    organisation_name: 'Hawks Community Foundation',
    event_name: 'Hawks vs. Kodiaks',
    location: 'Tidewater Arena',
    licence: null,
    validation_number: 'H4XW-9PQM-2RKD-7T3C',
    channel: 'online',
    device_label: null,
    seller_name: null,
    price_minor: 500,
    currency: 'CAD',
    lines: [{ package_id: 1, label: '5 numbers', quantity: 1 }],
    ranges: [{ first: 412_361, last: 412_365 }],
    numbers_count: 5,
    sold_at_ms: 0,
    time_zone: 'America/Toronto',
    state: 'valid',
    void_reason: null,
    salt: null,
    sale_hash: 'cd'.repeat(32),
    ticket_lines: [],
    test: false,
    plan_hash: null,
    ...change,
  }
}

export function ok<T>(body: T, status = 200): Result<T> {
  return { kind: 'ok', status, body, sentMs: 0, receivedMs: 0 }
}

export function problem(status: number, code: string, retryAfterMs: number | null = null): Result<never> {
  return { kind: 'problem', status, code, detail: '', retryAfterMs }
}

export function answer(state: ApiOrder['state'] | 'not_seen', key = 'k1'): ApiOrder {
  const seen = state !== 'not_seen'
  return {
    key,
    answer: !seen ? 'not_seen' : state === 'held' ? 'pending' : 'accepted',
    state: seen ? state : null,
    expires_at_ms: state === 'held' ? 600_000 : null,
    amount_minor: 500,
    ticket: state === 'paid' ? sampleTicket({ order_key: key }) : null,
  }
}
