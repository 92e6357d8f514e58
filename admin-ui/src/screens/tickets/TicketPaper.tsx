import { useId, useState } from 'react'
import { setTicketStatus } from '../../api/commands'
import type { RaffleAdmin, TicketCheck, TicketState } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { formatDrawNumber } from '../../format/number'
import { eventNumber } from '../../frame/EventFrame'
import { useFormat, useText } from '../../i18n'
import { ticketLook } from '../../status/looks'
import { Button, ButtonLink, Why } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Hash } from '../../ui/Hash'
import { Notice } from '../../ui/Notice'
import { settledBy } from './settledBy'
import { soldBy } from './soldBy'

/** A ticket as it was sold, its state, and what may be decided about it. */
export function TicketPaper({ check, raffle }: { check: TicketCheck; raffle: RaffleAdmin | null }) {
  const text = useText()
  const format = useFormat()
  const { ticket } = check
  const last = raffle?.config?.numbers.last
  const number = (value: number) => formatDrawNumber(value, last)
  const elsewhere = raffle !== null && raffle.id !== ticket.raffle_id
  const facts: [label: string, value: string][] = [
    [
      text.tickets.sold,
      `${format.day(ticket.sold_at_ms, ticket.time_zone)}, ${format.time(ticket.sold_at_ms, ticket.time_zone, true)}`,
    ],
    [text.tickets.by, soldBy(ticket, text)],
    [
      text.tickets.bought,
      ticket.lines.map((line) => `${format.number(line.quantity)} × ${line.label}`).join(', '),
    ],
    [text.tickets.price, format.money(ticket.price_minor, ticket.currency, 'always')],
    [text.tickets.order, ticket.order_key],
  ]
  if (ticket.void_reason != null) facts.push([text.tickets.voidReason, ticket.void_reason])
  return (
    <article
      className="paper"
      aria-label={ticket.validation_number}
      data-mode={ticket.test ? 'test' : undefined}
    >
      {elsewhere && (
        <Notice tone="warn" live>
          <p>{text.tickets.otherEvent(eventNumber(ticket.event_number))}</p>
          <ButtonLink
            small
            to={{
              name: 'tickets',
              params: { raffleId: ticket.raffle_id },
              query: { q: ticket.validation_number },
            }}
          >
            {text.tickets.goThere}
          </ButtonLink>
        </Notice>
      )}
      <header>
        <div>
          <p className="b">{ticket.event_name}</p>
          <p className="xs muted">
            {text.frame.event(eventNumber(ticket.event_number))} · {ticket.organisation_name} ·{' '}
            {ticket.location}
            {ticket.licence != null && ` · ${ticket.licence}`}
          </p>
        </div>
        <div className="row wrap">
          {ticket.test && (
            <Chip tone="test" icon="flask">
              {text.tickets.testTicket}
            </Chip>
          )}
          <Chip {...ticketLook[ticket.state]}>{text.status.ticket[ticket.state]}</Chip>
          {(check.won ?? []).map((prize) => (
            <Chip tone="live" icon="check" key={`${prize.prize_id}/${prize.position}`}>
              {text.tickets.won(prize.prize_name)} · {number(prize.number)}
            </Chip>
          ))}
        </div>
      </header>
      <p className="fig vn">{ticket.validation_number}</p>
      <div className="cols">
        <dl className="facts">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
          <div>
            <dt>{text.tickets.saleHash}</dt>
            <dd>
              <Hash value={ticket.sale_hash} className="xs" />
            </dd>
          </div>
        </dl>
        <div>
          <h2>
            {text.tickets.ranges} <span className="muted">{format.number(ticket.numbers_count)}</span>
          </h2>
          <ul className="ranges">
            {ticket.ranges.map((range) => (
              <li className="num" key={range.first}>
                {range.first === range.last
                  ? number(range.first)
                  : text.tickets.rangeTo(number(range.first), number(range.last))}
              </li>
            ))}
          </ul>
        </div>
      </div>
      <Decisions check={check} raffle={elsewhere ? null : raffle} />
    </article>
  )
}

function Decisions({ check, raffle }: { check: TicketCheck; raffle: RaffleAdmin | null }) {
  const text = useText()
  const format = useFormat()
  const { ticket } = check
  const decides = useCan('decide_ticket')
  const marks = useCan('mark_misprint')
  const down = useLinkReason()
  const [asked, setAsked] = useState<TicketState | null>(null)
  const whyId = useId()
  if (!decides && !marks) return null
  const settled = settledBy(check, raffle)
  const reason = down ?? (settled === null ? null : text.tickets.settled[settled])
  const words: Record<TicketState, { title: string; consequences: string; confirm: string }> = {
    voided: {
      title: text.tickets.voidTitle,
      consequences: text.tickets.voidText(
        ticket.numbers_count,
        format.money(ticket.price_minor, ticket.currency),
      ),
      confirm: text.tickets.voidConfirm,
    },
    misprinted: {
      title: text.tickets.misprintTitle,
      consequences: text.tickets.misprintText,
      confirm: text.tickets.misprintConfirm,
    },
    valid: {
      title: text.tickets.clearTitle,
      consequences: text.tickets.clearText,
      confirm: text.tickets.clearConfirm,
    },
  }
  return (
    <footer className="row wrap">
      {decides && (
        <Button tone="danger" icon="x" reason={reason} reasonId={whyId} onClick={() => setAsked('voided')}>
          {text.tickets.void}
        </Button>
      )}
      {ticket.state === 'valid' && (
        <Button icon="printer" reason={reason} reasonId={whyId} onClick={() => setAsked('misprinted')}>
          {text.tickets.misprint}
        </Button>
      )}
      {ticket.state === 'misprinted' && decides && (
        <Button icon="check" reason={reason} reasonId={whyId} onClick={() => setAsked('valid')}>
          {text.tickets.clear}
        </Button>
      )}
      {reason !== null && <Why id={whyId}>{reason}</Why>}
      {asked && (
        <ConfirmDialog
          {...words[asked]}
          tone={asked === 'voided' ? 'danger-strong' : 'solid'}
          needs={['reason']}
          reason={down}
          run={({ reason: why }) =>
            setTicketStatus(ticket.order_key, { raffle_id: ticket.raffle_id, status: asked, reason: why })
          }
          onClose={() => setAsked(null)}
        />
      )}
    </footer>
  )
}
