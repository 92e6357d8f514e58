import type { ApiOrder, Line, PaymentOutcome, Result, Ticket } from '../api/client'

/**
 * One purchase as this phone knows it. The key is made and stored before the first byte is sent, and every try
 * carries it, so that however often the line drops the server sells and charges once.
 */
export interface Order {
  key: string
  raffle_id: string
  event_name: string
  lines: Line[]
  outcome: PaymentOutcome
  numbers: number
  price_minor: number
  currency: string
  created_ms: number
  phase: Phase
  /** Tries since the phase last changed, for the pace of asking. */
  tries: number
  /** Reason of a refusal, as the server's code. */
  code: string | null
  expires_at_ms: number | null
  ticket: Ticket | null
}

/**
 * sending: on its way. unknown: sent, no answer; ask. pending: the provider has not said yet; ask.
 * not_sent: the server never saw it; the buyer may send it again. The rest is settled.
 */
export type Phase =
  | 'sending'
  | 'unknown'
  | 'pending'
  | 'not_sent'
  | 'paid'
  | 'declined'
  | 'expired'
  | 'refused'
  | 'voided'
  | 'refund_due'
  | 'refunded'

export type Step = 'send' | 'ask' | 'none'

const NEXT_STEP: Record<Phase, Step> = {
  sending: 'send',
  unknown: 'ask',
  pending: 'ask',
  not_sent: 'none',
  paid: 'none',
  declined: 'none',
  expired: 'none',
  refused: 'none',
  voided: 'none',
  refund_due: 'none',
  refunded: 'none',
}

export function nextStep(order: Order): Step {
  return NEXT_STEP[order.phase]
}

export function isRunning(order: Order): boolean {
  return nextStep(order) !== 'none'
}

/** Younger than this, an order the server has not seen is sent again without asking the buyer. */
export const RESEND_WITHIN_MS = 60_000

export type OrderEvent =
  | { type: 'reply'; to: 'send' | 'ask'; result: Result<ApiOrder>; nowMs: number }
  | { type: 'resume' }
  | { type: 'send_again'; nowMs: number }

export function advance(order: Order, event: OrderEvent): Order {
  switch (event.type) {
    case 'resume':
      // The page went away while it was sending: nobody knows how far the bytes came.
      return order.phase === 'sending' ? moved(order, 'unknown') : { ...order, tries: 0 }
    case 'send_again':
      return order.phase === 'not_sent' ? moved({ ...order, created_ms: event.nowMs }, 'sending') : order
    case 'reply':
      return isRunning(order) ? reply(order, event) : order
  }
}

function moved(order: Order, phase: Phase, change: Partial<Order> = {}): Order {
  return { ...order, ...change, phase, tries: phase === order.phase ? order.tries + 1 : 0 }
}

function reply(order: Order, { to, result, nowMs }: Extract<OrderEvent, { type: 'reply' }>): Order {
  if (result.kind === 'ok') return told(order, result.body, nowMs)
  const asking = order.phase === 'sending' ? 'unknown' : order.phase
  if (result.kind === 'no_reply') return moved(order, asking)
  const { status, code } = result
  if (to === 'ask' || status === 429 || status >= 500) return moved(order, asking)
  if (status === 402) return moved(order, 'declined', { code })
  // The key is known with other terms, so there is an order behind it: ask what it is.
  if (code === 'idempotency_terms_differ') return moved(order, 'unknown')
  if (code === 'hold_ended') return moved(order, 'expired', { code })
  return moved(order, 'refused', { code })
}

function told(order: Order, answer: ApiOrder, nowMs: number): Order {
  if (answer.answer === 'not_seen') {
    if (order.phase === 'pending') return moved(order, 'pending')
    return moved(order, nowMs - order.created_ms <= RESEND_WITHIN_MS ? 'sending' : 'not_sent')
  }
  const change = { expires_at_ms: answer.expires_at_ms, ticket: answer.ticket ?? order.ticket }
  return moved(order, answer.state === null ? 'pending' : PHASE_OF[answer.state], change)
}

const PHASE_OF: Record<NonNullable<ApiOrder['state']>, Phase> = {
  held: 'pending',
  paid: 'paid',
  declined: 'declined',
  expired: 'expired',
  voided: 'voided',
  refund_due: 'refund_due',
  refunded: 'refunded',
}

/** Pause before the next try: 1, 2, 4, 8 s and then every 10, spread so that a crowd does not ask in step. */
export function pauseMs(order: Order, random: number): number {
  const base =
    order.tries === 0 && order.phase !== 'pending' ? 400 : Math.min(10_000, 1000 * 2 ** order.tries)
  return base * (0.75 + random * 0.5)
}
