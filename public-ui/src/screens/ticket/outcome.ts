import type { RaffleView, Ticket, TicketCheck, Winner } from '../../api/client'
import { type Stage, allWinners, holdsNumber, stageOf } from '../stage'

export interface Prize {
  prize_name: string
  number: number
  /** Unknown as long as only the ticket's own answer is there. */
  value_minor: number | null
}

export type Outcome =
  | { kind: 'pending'; stage: Stage | null }
  | { kind: 'won'; prizes: Prize[] }
  | { kind: 'lost' }
  | { kind: 'voided' }
  | { kind: 'cancelled' }

/**
 * What a ticket has come to. The winners pushed to this page are matched here at once; the server's own answer
 * about the ticket, which knows voids, comes on top. Lost is said only when every draw is published.
 */
export function outcomeOf(ticket: Ticket, check: TicketCheck | null, raffle: RaffleView | null): Outcome {
  if ((check?.state ?? ticket.state) === 'voided') return { kind: 'voided' }
  const stage = raffle === null ? null : stageOf(raffle)
  if (stage === 'cancelled') return { kind: 'cancelled' }
  const drawn =
    raffle === null ? [] : allWinners(raffle).filter((winner) => holdsNumber(ticket.ranges, winner.number))
  const prizes = drawn.map(toPrize)
  for (const won of check?.won ?? []) {
    const known = prizes.some((prize) => prize.number === won.number && prize.prize_name === won.prize_name)
    if (!known) prizes.push({ prize_name: won.prize_name, number: won.number, value_minor: null })
  }
  if (prizes.length > 0) return { kind: 'won', prizes }
  if (stage === 'published') return { kind: 'lost' }
  if (raffle === null && check?.won?.length === 0) return { kind: 'lost' }
  return { kind: 'pending', stage }
}

function toPrize(winner: Winner): Prize {
  return { prize_name: winner.prize_name, number: winner.number, value_minor: winner.value_minor }
}
