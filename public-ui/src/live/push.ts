import type { RaffleStatus, Winner } from '../api/client'

/** What the public socket sends. State is conflated and the newest wins; facts have dense positions from 1. */
export type Push =
  Hello | StatePush | FactPush | Pong | { t: 'error'; code: string; detail: string } | { t: 'refetch' }

export interface Hello {
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
  prizes: [number, number][]
  numbers_sold: number
  tickets_sold: number
  voided_minor: number
  closes_at_ms: number | null
  online_sales: boolean
}

export interface Pong {
  t: 'pong'
  client_time_ms: number
  server_time_ms: number
}

/** Every kind of fact with what it carries. */
export interface FactData {
  opened: { closes_at_ms: number }
  draw_planned: { draw_id: string; draw_no: number; plan_hash: string }
  suspended: { reason: string }
  resumed: { closes_at_ms: number }
  close_announced: { closes_at_ms: number; reason: string }
  closed: Record<string, never>
  reconciling: Record<string, never>
  reconciled: { prizes: [number, number][]; sold: number; voided: number; unsold: number }
  reconciliation_cleared: { reason: string }
  voided: { order_count: number; amount_minor: number; numbers: number }
  locked: { draw_id: string; draw_no: number; lock_hash: string; sold_count: number }
  proven: { draw_id: string }
  drawn: { draw_id: string }
  published: { draw_id: string; draw_no: number; winners: Winner[] }
  settled: { draw_id: string; draw_no: number }
  draw_cancelled: { draw_id: string; reason: string }
  cancelled: { reason: string }
  finalized: Record<string, never>
}

export type FactKind = keyof FactData
export type FactPush = { [K in FactKind]: FactOf<K> }[FactKind]
export interface FactOf<K extends FactKind> {
  t: 'fact'
  epoch: number
  position: number
  at_ms: number
  kind: K
  data: FactData[K]
}
