import { useQuery } from '@tanstack/react-query'
import { drawResultsQuery } from '../../api/queries'
import type { DrawStatus, PrizeView, RaffleAdmin, Winner } from '../../api/types'
import { formatDrawNumber } from '../../format/number'
import { useFormat, useText } from '../../i18n'
import { Link } from '../../router'
import { ticketLook } from '../../status/looks'
import { Chip } from '../../ui/Chip'
import { Loaded } from '../../ui/Loaded'
import { soldBy } from '../tickets/soldBy'
import { hasResult } from './drawProgress'

/** The prizes in announced order; their numbers once they are saved, never before. */
export function PrizeList({ raffle, draw }: { raffle: RaffleAdmin; draw: DrawStatus }) {
  const drawn = hasResult(draw.status)
  const results = useQuery({ ...drawResultsQuery(draw.id), enabled: drawn })
  if (!drawn)
    return (
      <ol className="prizes">
        {raffle.prizes.map((prize, index) => (
          <Waiting key={prize.id} prize={prize} order={index + 1} raffle={raffle} />
        ))}
      </ol>
    )
  return (
    <Loaded query={results}>
      {({ winners, reserves }) => (
        <>
          <ol className="prizes">
            {winners.map((winner, index) => (
              <Won
                key={`${winner.prize_id}/${winner.position}`}
                winner={winner}
                order={index + 1}
                raffle={raffle}
              />
            ))}
          </ol>
          <Reserves numbers={reserves.map((reserve) => reserve.number)} raffle={raffle} />
        </>
      )}
    </Loaded>
  )
}

function Waiting({ prize, order, raffle }: { prize: PrizeView; order: number; raffle: RaffleAdmin }) {
  const format = useFormat()
  return (
    <li>
      <div className="pk">{order}</div>
      <div>
        <p className="b">
          {prize.quantity > 1 && `${format.number(prize.quantity)} × `}
          {prize.name}{' '}
          <span className="muted num money">
            {format.money(prize.value_minor, raffle.currency, 'always')}
          </span>
        </p>
        <span className="fig pn hid" aria-hidden="true">
          • ••• •••
        </span>
      </div>
    </li>
  )
}

function Won({ winner, order, raffle }: { winner: Winner; order: number; raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const { ticket } = winner
  return (
    <li>
      <div className="pk">{order}</div>
      <div>
        <p className="b">
          {winner.prize_name}{' '}
          <span className="muted num money">
            {format.money(winner.value_minor, raffle.currency, 'always')}
          </span>
        </p>
        <span className="fig pn">{formatDrawNumber(winner.number, raffle.config?.numbers.last)}</span>
        {ticket && (
          <p className="xs muted">
            <Link
              className="hash"
              to={{
                name: 'tickets',
                params: { raffleId: raffle.id },
                query: { q: ticket.validation_number },
              }}
            >
              {ticket.validation_number}
            </Link>
            {' · '}
            {soldBy(ticket, text)}, {format.time(ticket.sold_at_ms, ticket.time_zone)}
          </p>
        )}
      </div>
      {ticket && <Chip {...ticketLook[ticket.state]}>{text.status.ticket[ticket.state]}</Chip>}
    </li>
  )
}

function Reserves({ numbers, raffle }: { numbers: readonly number[]; raffle: RaffleAdmin }) {
  const text = useText()
  if (numbers.length === 0) return null
  return (
    <p className="sm reserves">
      <b>{text.draw.reserves}:</b>{' '}
      <span className="num">
        {numbers.map((number) => formatDrawNumber(number, raffle.config?.numbers.last)).join(' · ')}
      </span>
      <br />
      <span className="muted">{text.draw.reservesHint}</span>
    </p>
  )
}
