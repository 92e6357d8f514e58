/** A raffle in the middle of its sales, for tests. */
import type { BoardDevice, RaffleAdmin } from '../api/types'
import type { BoardPush, FactPush, StatePush } from './push'

export function aDevice(change: Partial<BoardDevice> = {}): BoardDevice {
  return {
    device_id: 'd1',
    label: '01',
    seller_name: 'Owen Black',
    state: 'selling',
    online: true,
    last_heartbeat_ms: 1_000,
    unsynced_records: 0,
    unsynced_minor: 0,
    range_total: 1_000,
    range_used: 400,
    clock_offset_ms: 20,
    battery_percent: 80,
    printer: 'ok',
    sales: 10,
    net_minor: 10_000,
    close_acknowledged: true,
    final_at_ms: null,
    ...change,
  }
}

const places = {
  sold: 100,
  voided: 5,
  held: 0,
  reserved: 95,
  out_of_play: 0,
  unsold: 800,
}

export function aRaffle(change: Partial<RaffleAdmin> = {}): RaffleAdmin {
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
    closes_at_ms: 100_000,
    jackpot_minor: 5_000,
    as_of_seq: 10,
    licence: null,
    location: 'Tidewater',
    ticket_lines: [],
    packages: [],
    prizes: [
      {
        id: 1,
        name: '50/50 jackpot',
        kind: 'percentage',
        quantity: 1,
        value_minor: 5_000,
        basis_points: 5_000,
      },
    ],
    main_prize_id: 1,
    jackpot: { value_minor: 5_000, seq: 10, as_of_ms: 900 },
    numbers_sold: 100,
    tickets_sold: 10,
    voided_minor: 0,
    online_sales: true,
    payment_provider: { name: 'simulated', test: true },
    draws: [
      { id: 'w1', draw_no: 1, status: 'planned', grade: '0', plan_hash: 'aa', lock_hash: null },
      { id: 'w2', draw_no: 2, status: 'planned', grade: '0', plan_hash: 'bb', lock_hash: null },
    ],
    facts_position: 3,
    epoch: 1,
    server_time_ms: 1_000,
    config: null,
    gross_minor: 10_000,
    net_minor: 10_000,
    voided_tickets: 0,
    misprinted_open: 0,
    quarantined_open: 0,
    held_orders: 0,
    held_minor: 0,
    channels: [],
    identity: { ...places, total: 1_000 },
    pools: [],
    devices: [aDevice()],
    actions: [],
    acknowledgement: null,
    durable_seq: 10,
    decided_seq: 10,
    durable_lag_ms: 20,
    ...change,
  }
}

export function aState(change: Partial<StatePush> = {}): StatePush {
  return {
    t: 'state',
    epoch: 1,
    seq: 11,
    as_of_ms: 950,
    server_time_ms: 1_000,
    status: 'selling',
    jackpot_minor: 6_000,
    prizes: [[1, 6_000]],
    numbers_sold: 120,
    tickets_sold: 12,
    voided_minor: 0,
    closes_at_ms: 100_000,
    online_sales: true,
    ...change,
  }
}

export function aBoard(change: Partial<BoardPush> = {}): BoardPush {
  return {
    t: 'board',
    epoch: 1,
    seq: 11,
    server_time_ms: 1_000,
    gross_minor: 12_000,
    net_minor: 12_000,
    orders: 12,
    held_orders: 1,
    held_minor: 500,
    pending_events: 2,
    pending_minor: 1_000,
    durable_seq: 11,
    decided_seq: 13,
    durable_lag_ms: 30,
    channels: [],
    identity: places,
    devices: [aDevice({ sales: 12 })],
    alerts: [],
    ...change,
  }
}

export function aFact(position: number, change: Partial<FactPush> = {}): FactPush {
  return { t: 'fact', epoch: 1, position, at_ms: 2_000, kind: 'closed', data: {}, ...change } as FactPush
}
