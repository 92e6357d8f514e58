import type { RaffleAdmin, TicketCheck } from '../../api/types'

export type Settled = 'voided' | 'sealed' | 'confirmed' | 'cancelled'

/** Why nothing can be decided about a ticket any more, as far as this page knows; the server judges again. */
export function settledBy(
  { ticket, won }: Pick<TicketCheck, 'won'> & { ticket: Pick<TicketCheck['ticket'], 'state'> },
  raffle: Pick<RaffleAdmin, 'status' | 'draws'> | null,
): Settled | null {
  if (ticket.state === 'voided') return 'voided'
  if (raffle?.status === 'cancelled') return 'cancelled'
  const sealed = raffle?.draws.some((draw) => draw.lock_hash != null) ?? false
  if (sealed || raffle?.status === 'finalized' || (won ?? []).length > 0) return 'sealed'
  return raffle?.status === 'reconciled' ? 'confirmed' : null
}
