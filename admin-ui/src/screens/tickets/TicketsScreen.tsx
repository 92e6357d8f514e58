import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { ApiError } from '../../api/problem'
import { ticketQuery, ticketsQuery } from '../../api/queries'
import type { Channel, RaffleAdmin, TicketState } from '../../api/types'
import { isOrderKey, readValidationNumber } from '../../format/number'
import { useFormat, useText } from '../../i18n'
import { Link, navigate, useQueryParam } from '../../router'
import { ticketLook } from '../../status/looks'
import { Button } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { SelectField, TextField } from '../../ui/Field'
import { Empty, LoadFailed, Skeleton, Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { Section } from '../../ui/Section'
import { soldBy } from './soldBy'
import { TicketPaper } from './TicketPaper'
import './tickets.css'

/** Any ticket of the organisation, by what is printed on it. */
export function LookUpScreen() {
  const text = useText()
  return (
    <div className="page tk">
      <div>
        <PageTitle title={text.tickets.lookUpTitle} />
        <LookUp raffle={null} />
      </div>
    </div>
  )
}

/** The same within one event, and its tickets as a list. */
export function TicketsScreen({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  return (
    <div className="page tk">
      <div>
        <PageTitle title={text.tickets.title} />
        <LookUp raffle={raffle} />
      </div>
      <TicketList raffle={raffle} />
    </div>
  )
}

function LookUp({ raffle }: { raffle: RaffleAdmin | null }) {
  const text = useText()
  const wanted = useQueryParam('q') ?? ''
  const [typed, setTyped] = useState(wanted)
  const [shown, setShown] = useState(wanted)
  const [wrong, setWrong] = useState<keyof typeof text.tickets.wrong | null>(null)
  // A link to another ticket changes the address under this field.
  if (shown !== wanted) {
    setShown(wanted)
    setTyped(wanted)
    setWrong(null)
  }
  const search = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const check = readValidationNumber(typed)
    const id = isOrderKey(typed) ? typed.trim().toLowerCase() : check.ok ? check.text : null
    setWrong(id === null && !check.ok ? check.why : null)
    if (id === null) return
    const query = { q: id }
    navigate(
      raffle ? { name: 'tickets', params: { raffleId: raffle.id }, query } : { name: 'lookUp', query },
      { replace: true },
    )
  }
  return (
    <>
      <form className={isOrderKey(typed) ? 'look key' : 'look'} onSubmit={search} role="search" noValidate>
        <TextField
          label={text.tickets.lookUp}
          hint={text.tickets.lookUpHint}
          value={typed}
          onText={(value) => {
            setTyped(value)
            setWrong(null)
          }}
          error={wrong === null ? null : text.tickets.wrong[wrong]}
          placeholder="XXXX-XXXX-XXXX-XXXX"
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
        />
        <Button type="submit" tone="next" icon="search">
          {text.tickets.search}
        </Button>
      </form>
      {wanted !== '' && <Found id={wanted} raffle={raffle} />}
    </>
  )
}

function Found({ id, raffle }: { id: string; raffle: RaffleAdmin | null }) {
  const text = useText()
  const query = useQuery(ticketQuery(id))
  if (query.data) return <TicketPaper check={query.data} raffle={raffle} />
  if (query.error instanceof ApiError && query.error.status === 404)
    return (
      <Notice tone="warn" icon="ticket" live>
        <p>
          <b>{text.tickets.notFound}</b> {text.tickets.notFoundHint}
        </p>
      </Notice>
    )
  if (query.error) return <LoadFailed error={query.error} retry={() => void query.refetch()} />
  return <Skeleton />
}

const states = ['valid', 'voided', 'misprinted'] as const satisfies readonly TicketState[]
const channels = ['rsu', 'online', 'counter', 'integration'] as const satisfies readonly Channel[]

function TicketList({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const q = useQueryParam('q') ?? undefined
  const stateParam = useQueryParam('state')
  const channelParam = useQueryParam('channel')
  const state = states.find((candidate) => candidate === stateParam)
  const channel = channels.find((candidate) => candidate === channelParam)
  const query = useInfiniteQuery(ticketsQuery(raffle.id, { state, channel }))
  const filter = (change: { state?: string; channel?: string }) =>
    navigate(
      { name: 'tickets', params: { raffleId: raffle.id }, query: { q, state, channel, ...change } },
      { replace: true },
    )
  return (
    <Section title={text.tickets.list} count={format.number(raffle.tickets_sold)}>
      <div className="filters">
        <SelectField
          label={text.tickets.filterState}
          value={state ?? ''}
          onText={(value) => filter({ state: value })}
        >
          <option value="">{text.tickets.any}</option>
          {states.map((each) => (
            <option key={each} value={each}>
              {text.status.ticket[each]}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={text.tickets.filterChannel}
          value={channel ?? ''}
          onText={(value) => filter({ channel: value })}
        >
          <option value="">{text.tickets.any}</option>
          {channels.map((each) => (
            <option key={each} value={each}>
              {text.status.channel[each]}
            </option>
          ))}
        </SelectField>
      </div>
      <Loaded query={query}>
        {(data) => {
          const tickets = data.pages.flatMap((page) => page.items)
          if (tickets.length === 0)
            return state || channel ? (
              <p className="sm muted">{text.tickets.listNone}</p>
            ) : (
              <Empty icon="ticket" title={text.tickets.listEmpty}>
                {text.tickets.listEmptyHint}
              </Empty>
            )
          return (
            <>
              <table className="tbl blocks">
                <thead>
                  <tr>
                    <th scope="col">{text.reconcile.validation}</th>
                    <th scope="col">{text.tickets.sold}</th>
                    <th scope="col">{text.tickets.by}</th>
                    <th scope="col" className="n">
                      {text.reconcile.numbers}
                    </th>
                    <th scope="col" className="n">
                      {text.tickets.price}
                    </th>
                    <th scope="col">{text.tickets.filterState}</th>
                  </tr>
                </thead>
                <tbody>
                  {tickets.map((ticket) => (
                    <tr key={ticket.order_key}>
                      <th scope="row">
                        <Link
                          className="hash nowrap"
                          to={{
                            name: 'tickets',
                            params: { raffleId: raffle.id },
                            query: { q: ticket.validation_number, state, channel },
                          }}
                          onClick={() => window.scrollTo(0, 0)}
                        >
                          {ticket.validation_number}
                        </Link>
                      </th>
                      <td data-label={text.tickets.sold}>
                        {format.time(ticket.sold_at_ms, ticket.time_zone, true)}
                      </td>
                      <td data-label={text.tickets.by}>{soldBy(ticket, text)}</td>
                      <td className="n" data-label={text.reconcile.numbers}>
                        {format.number(ticket.numbers_count)}
                      </td>
                      <td className="n" data-label={text.tickets.price}>
                        {format.money(ticket.price_minor, ticket.currency)}
                      </td>
                      <td data-label={text.tickets.filterState}>
                        <Chip {...ticketLook[ticket.state]}>{text.status.ticket[ticket.state]}</Chip>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {query.hasNextPage && (
                <p className="foot">
                  <Button small busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    {text.common.more}
                  </Button>
                </p>
              )}
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}
