/** The frames of the operator socket, as documented for `ws/`. */
import type { BoardDevice, ChannelSales, Identity, RaffleStatus } from '../api/types'

export interface HelloPush {
  t: 'hello'
  raffle_id: string
  epoch: number
  server_time_ms: number
  facts_position: number
}

export interface StatePush {
  t: 'state'
  epoch: number
  seq: number
  as_of_ms: number
  server_time_ms: number
  status: RaffleStatus
  jackpot_minor: number
  prizes: [prizeId: number, valueMinor: number][]
  numbers_sold: number
  tickets_sold: number
  voided_minor: number
  closes_at_ms: number | null
  online_sales: boolean
}

export type AlertLevel = 'fault' | 'warning' | 'offline'

export type AlertCode =
  | 'store_failing'
  | 'store_slow'
  | 'misprints_open'
  | 'quarantine_open'
  | 'device_offline'
  | 'paper_out'
  | 'printer_gone'
  | 'paper_low'
  | 'battery_low'
  | 'clock_off'
  | 'range_low'
  | 'close_unacknowledged'

export interface BoardAlert {
  code: AlertCode
  level: AlertLevel
  device_id: string | null
  since_ms: number
  /** The handheld's label, a count or milliseconds, by code. */
  detail: string
}

export interface BoardPush {
  t: 'board'
  epoch: number
  seq: number
  server_time_ms: number
  gross_minor: number
  net_minor: number
  orders: number
  held_orders: number
  held_minor: number
  /** Decided and not yet durable. */
  pending_events: number
  /** Money of the same: what the net sales grow by once it is. */
  pending_minor: number
  durable_seq: number
  decided_seq: number
  durable_lag_ms: number
  channels: ChannelSales[]
  /** The six places; their sum is the total. */
  identity: Omit<Identity, 'total'>
  devices: BoardDevice[]
  alerts: BoardAlert[]
}

interface FactData {
  opened: { closes_at_ms: number }
  draw_planned: { draw_id: string; draw_no: number; plan_hash: string; house_commitment: string }
  suspended: { reason: string }
  resumed: { closes_at_ms: number }
  close_announced: { closes_at_ms: number; reason: string }
  closed: object
  reconciling: object
  reconciled: { prizes: [number, number][]; sold: number; voided: number; unsold: number }
  reconciliation_cleared: { reason: string }
  voided: { order_count: number; amount_minor: number; numbers: number }
  locked: { draw_id: string; draw_no: number; lock_hash: string; sold_count: number }
  proven: { draw_id: string; draw_no: number }
  drawn: { draw_id: string; draw_no: number }
  published: {
    draw_id: string
    draw_no: number
    winners: {
      prize_id: number
      prize_name: string
      position: number
      number: number
      value_minor: number
    }[]
  }
  draw_cancelled: { draw_id: string; draw_no: number; reason: string }
  settled: { draw_id: string; draw_no: number }
  cancelled: { reason: string }
  finalized: object
}

export type FactKind = keyof FactData

export type FactPush = {
  [K in FactKind]: { t: 'fact'; epoch: number; position: number; at_ms: number; kind: K; data: FactData[K] }
}[FactKind]

export interface PongPush {
  t: 'pong'
  client_time_ms: number
  server_time_ms: number
}

export interface ErrorPush {
  t: 'error'
  code: string
  detail: string
}

export interface RefetchPush {
  t: 'refetch'
}

export type Push = HelloPush | StatePush | BoardPush | FactPush | PongPush | ErrorPush | RefetchPush
