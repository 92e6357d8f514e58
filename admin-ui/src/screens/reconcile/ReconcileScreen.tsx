import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  acknowledgeRaffle,
  decideQuarantined,
  reconcileRaffle,
  reopenReconciliation,
} from '../../api/commands'
import { reconciliationQuery } from '../../api/queries'
import type { Identity, QuarantinedSale, RaffleAdmin, Reconciliation, Ticket } from '../../api/types'
import { useGate, useLinkReason } from '../../auth/gate'
import { useCan, useUser } from '../../auth/SessionGate'
import { useFormat, useText } from '../../i18n'
import { Link } from '../../router'
import { deviceStateLook } from '../../status/looks'
import { Button, ButtonLink } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Icon } from '../../ui/Icon'
import { Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Section } from '../../ui/Section'
import { byLabel } from '../devices/byLabel'
import { soldBy } from '../tickets/soldBy'
import { groupBlockers } from './blockers'
import { identityDifference, identityTerms } from './identity'
import { groupDigits } from './statement'
import './reconcile.css'

export function ReconcileScreen({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const query = useQuery(reconciliationQuery(raffle.id))
  const gate = useGate(raffle)
  const may = useCan('reconcile')
  const begin = useMutation({ mutationFn: () => reconcileRaffle(raffle.id) })
  const early = raffle.status === 'closing'
  return (
    <div className="page rc">
      <header className="hd full">
        <div>
          <PageTitle title={text.reconcile.title} />
          <p className="muted">{early ? text.reconcile.early : text.reconcile.intro}</p>
        </div>
        {early && may && (
          <Button
            tone="next"
            icon="right"
            reason={gate('reconcile')}
            busy={begin.isPending}
            onClick={() => begin.mutate()}
          >
            {text.reconcile.begin}
          </Button>
        )}
      </header>
      <ProblemNotice error={begin.error} />
      <Loaded query={query}>
        {(data) => (
          <>
            <IdentitySum identity={data.identity} data={data} raffle={raffle} />
            <div className="body">
              <Misprints tickets={data.misprints} raffle={raffle} />
              <Quarantine sales={data.quarantine} raffle={raffle} />
              <Devices data={data} raffle={raffle} />
              <Pools data={data} />
              <Voids tickets={data.voids} raffle={raffle} voidedMinor={data.voided_minor} />
              {!data.lists_complete && <p className="sm muted">{text.reconcile.listsCut}</p>}
            </div>
            <aside className="side-col">
              <Blockers data={data} />
              <Confirmation data={data} raffle={raffle} />
            </aside>
          </>
        )}
      </Loaded>
    </div>
  )
}

function IdentitySum({
  identity,
  data,
  raffle,
}: {
  identity: Identity
  data: Reconciliation
  raffle: RaffleAdmin
}) {
  const text = useText()
  const format = useFormat()
  const words = text.reconcile
  const label = {
    sold: words.sold,
    voided: words.voided,
    held: words.held,
    reserved: words.reserved,
    out_of_play: words.outOfPlay,
    unsold: words.unsold,
  } as const
  const difference = identityDifference(identity)
  const share = (value: number) => (identity.total === 0 ? 0 : value / identity.total)
  const soldWidth = share(identity.sold) * 1000
  const voidedWidth = identity.voided === 0 ? 0 : Math.max(2.5, share(identity.voided) * 1000)
  const money = (minor: number) => format.money(minor, raffle.currency, 'always')
  return (
    <section className="ident full" aria-labelledby="identity-heading">
      <h2 id="identity-heading" className="vh">
        {words.identity}
      </h2>
      <div className="eq">
        {identityTerms(identity).map(({ term, value }, index) => (
          <div className="term" key={term}>
            {index > 0 && (
              <span className="op">
                <span aria-hidden="true">+</span>
                <span className="vh">{words.plus}</span>
              </span>
            )}
            <p>
              <span className="sm">{label[term]}</span>
              <span className="fig e">{format.number(value)}</span>
            </p>
          </div>
        ))}
        <div className="term">
          <span className="op">
            <span aria-hidden="true">=</span>
            <span className="vh">{words.equals}</span>
          </span>
          <p>
            <span className="sm">{words.all}</span>
            <span className="fig e">{format.number(identity.total)}</span>
          </p>
        </div>
        <span className="bal">
          {difference === 0 ? (
            <Chip tone="online" icon="check">
              {words.balances}
            </Chip>
          ) : (
            <Chip tone="danger" icon="fault">
              {words.differs(format.number(difference))}
            </Chip>
          )}
        </span>
      </div>
      <svg
        className="idb"
        viewBox="0 0 1000 14"
        preserveAspectRatio="none"
        role="img"
        aria-label={words.barText(
          format.percent(share(identity.sold), 1),
          format.percent(share(identity.voided), 1),
          format.percent(share(identity.unsold), 1),
        )}
      >
        <rect width="1000" height="14" fill="var(--raised)" />
        <rect width={soldWidth} height="14" fill="var(--chart-a)" />
        <rect x={soldWidth + 1} width={voidedWidth} height="14" fill="var(--danger-fg)" />
      </svg>
      <p className="xs muted">
        {words.money(money(data.net_minor), money(data.gross_minor), money(data.voided_minor))} {words.prizes}
        :{' '}
        {data.prizes.map((prize, index) => (
          <span key={prize.id}>
            {index > 0 && ' · '}
            {prize.quantity > 1 && `${format.number(prize.quantity)} × `}
            {prize.name} <b className="num money">{money(prize.value_minor)}</b>
          </span>
        ))}
      </p>
    </section>
  )
}

function Blockers({ data }: { data: Reconciliation }) {
  const text = useText()
  const format = useFormat()
  return (
    <Section title={text.reconcile.blockers} count={data.blockers.length || undefined}>
      {data.blockers.length === 0 ? (
        <p className="row sm">
          <Chip tone="online" icon="check">
            {text.reconcile.blockersNone}
          </Chip>
        </p>
      ) : (
        <ul>
          {groupBlockers(data.blockers).map((blocker, index) => {
            const device = data.devices.find((candidate) => candidate.device_id === blocker.device_id)
            return (
              <li className="alert warning" key={index}>
                <Icon name="alert" />
                <p>
                  {device && <b>{text.board.device.title(device.label)}. </b>}
                  {blocker.detail}
                  {blocker.times > 1 && (
                    <>
                      {' '}
                      <b className="num">× {format.number(blocker.times)}</b>
                    </>
                  )}
                </p>
              </li>
            )
          })}
        </ul>
      )}
    </Section>
  )
}

function Pools({ data }: { data: Reconciliation }) {
  const text = useText()
  const format = useFormat()
  const words = text.reconcile
  const columns = [
    ['sold', words.sold],
    ['voided', words.voided],
    ['held', words.held],
    ['reserved', words.reserved],
    ['out_of_play', words.outOfPlay],
    ['unsold', words.unsold],
    ['total', words.all],
  ] as const
  return (
    <Section title={words.pools}>
      <div className="scroll">
        <table className="tbl blocks">
          <thead>
            <tr>
              <th scope="col">{words.pool}</th>
              {columns.map(([key, label]) => (
                <th scope="col" className="n" key={key}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {data.pools.map((pool) => (
              <tr key={pool.channel}>
                <th scope="row">{text.status.pool[pool.channel]}</th>
                {columns.map(([key, label]) => (
                  <td className="n" key={key} data-label={label}>
                    {format.number(pool.identity[key])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{text.common.total}</th>
              {columns.map(([key, label]) => (
                <td className="n" key={key} data-label={label}>
                  {format.number(data.identity[key])}
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
    </Section>
  )
}

function Devices({ data, raffle }: { data: Reconciliation; raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const words = text.reconcile
  const money = (minor: number) => format.money(minor, raffle.currency, 'always')
  const sum = (key: 'sales' | 'gross_minor' | 'voided_minor' | 'misprinted') =>
    data.devices.reduce((total, device) => total + device[key], 0)
  return (
    <Section title={words.devices} count={data.devices.length}>
      {data.devices.length === 0 ? (
        <p className="sm muted">{words.devicesNone}</p>
      ) : (
        <div className="scroll">
          <table className="tbl blocks">
            <thead>
              <tr>
                <th scope="col">{words.unit}</th>
                <th scope="col">{words.state}</th>
                <th scope="col" className="n">
                  {words.sales}
                </th>
                <th scope="col" className="n">
                  {words.numbersSold}
                </th>
                <th scope="col" className="n">
                  {words.misprints}
                </th>
                <th scope="col" className="n">
                  {words.gross}
                </th>
                <th scope="col" className="n">
                  {words.voidedMoney}
                </th>
                <th scope="col" className="n">
                  {words.net}
                </th>
              </tr>
            </thead>
            <tbody>
              {data.devices.toSorted(byLabel).map((device) => (
                <tr key={device.device_id}>
                  <th scope="row">{device.label}</th>
                  <td data-label={words.state}>
                    <span>
                      <Chip {...deviceStateLook[device.state]}>{text.status.device[device.state]}</Chip>
                      {device.lost && (
                        <span className="xs muted lost">
                          {words.lost(
                            device.lost.operator,
                            money(device.lost.money_collected_minor),
                            format.time(device.lost.at_ms, raffle.time_zone),
                          )}
                        </span>
                      )}
                    </span>
                  </td>
                  <td className="n" data-label={words.sales}>
                    {format.number(device.sales)}
                  </td>
                  <td className="n" data-label={words.numbersSold}>
                    {format.number(device.identity.sold)}
                  </td>
                  <td className="n" data-label={words.misprints}>
                    {format.number(device.misprinted)}
                  </td>
                  <td className="n" data-label={words.gross}>
                    {money(device.gross_minor)}
                  </td>
                  <td className="n" data-label={words.voidedMoney}>
                    {money(device.voided_minor)}
                  </td>
                  <td className="n" data-label={words.net}>
                    {money(device.gross_minor - device.voided_minor)}
                  </td>
                </tr>
              ))}
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{text.common.total}</th>
                <td />
                <td className="n" data-label={words.sales}>
                  {format.number(sum('sales'))}
                </td>
                <td className="n" data-label={words.numbersSold}>
                  {format.number(data.devices.reduce((total, device) => total + device.identity.sold, 0))}
                </td>
                <td className="n" data-label={words.misprints}>
                  {format.number(sum('misprinted'))}
                </td>
                <td className="n" data-label={words.gross}>
                  {money(sum('gross_minor'))}
                </td>
                <td className="n" data-label={words.voidedMoney}>
                  {money(sum('voided_minor'))}
                </td>
                <td className="n" data-label={words.net}>
                  {money(sum('gross_minor') - sum('voided_minor'))}
                </td>
              </tr>
            </tfoot>
          </table>
        </div>
      )}
    </Section>
  )
}

function Quarantine({ sales, raffle }: { sales: readonly QuarantinedSale[]; raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const words = text.reconcile
  const may = useCan('decide_ticket')
  const down = useLinkReason()
  const [asked, setAsked] = useState<{ sale: QuarantinedSale; resolution: 'accept' | 'refund' } | null>(null)
  const open = sales.filter((sale) => sale.resolution == null).length
  const money = (minor: number) => format.money(minor, raffle.currency)
  if (sales.length === 0) return null
  return (
    <Section
      title={words.quarantine}
      count={open || undefined}
      aside={<span className="xs">{words.quarantineHint}</span>}
    >
      <table className="tbl blocks">
        <thead>
          <tr>
            <th scope="col">{words.record}</th>
            <th scope="col">{words.soldAt}</th>
            <th scope="col" className="n">
              {words.numbers}
            </th>
            <th scope="col" className="n">
              {words.value}
            </th>
            <th scope="col">{words.why}</th>
            <th scope="col" className="n">
              {words.decision}
            </th>
          </tr>
        </thead>
        <tbody>
          {sales.map((sale) => (
            <tr key={`${sale.device_id}/${sale.device_seq}`}>
              <th scope="row">
                {sale.device_label} · {format.number(sale.device_seq)}
              </th>
              <td data-label={words.soldAt}>{format.time(sale.sold_at_ms, raffle.time_zone, true)}</td>
              <td className="n" data-label={words.numbers}>
                {format.number(sale.numbers_count)}
              </td>
              <td className="n" data-label={words.value}>
                {money(sale.price_minor)}
              </td>
              <td className="long" data-label={words.why}>
                {sale.reason}
              </td>
              <td className="acts-cell">
                <div className="acts">
                  {sale.resolution === 'accept' ? (
                    <Chip tone="online" icon="check">
                      {words.accepted}
                    </Chip>
                  ) : sale.resolution === 'refund' ? (
                    <Chip tone="idle" icon="repeat">
                      {words.refunded}
                    </Chip>
                  ) : (
                    may && (
                      <>
                        <Button small reason={down} onClick={() => setAsked({ sale, resolution: 'accept' })}>
                          {words.accept}
                        </Button>
                        <Button small reason={down} onClick={() => setAsked({ sale, resolution: 'refund' })}>
                          {words.refund}
                        </Button>
                      </>
                    )
                  )}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {asked && (
        <ConfirmDialog
          title={asked.resolution === 'accept' ? words.acceptTitle : words.refundTitle}
          consequences={(asked.resolution === 'accept' ? words.acceptText : words.refundText)(
            asked.sale.numbers_count,
            money(asked.sale.price_minor),
          )}
          confirm={asked.resolution === 'accept' ? words.acceptConfirm : words.refundConfirm}
          needs={['reason']}
          reason={down}
          run={({ reason }) =>
            decideQuarantined(raffle.id, {
              device_id: asked.sale.device_id,
              device_seq: asked.sale.device_seq,
              resolution: asked.resolution,
              reason,
            })
          }
          onClose={() => setAsked(null)}
        />
      )}
    </Section>
  )
}

function Misprints({ tickets, raffle }: { tickets: readonly Ticket[]; raffle: RaffleAdmin }) {
  const text = useText()
  if (tickets.length === 0) return null
  return (
    <Section
      title={text.reconcile.misprinted}
      count={tickets.length}
      aside={<span className="xs">{text.reconcile.misprintedHint}</span>}
    >
      <TicketTable tickets={tickets} raffle={raffle} />
    </Section>
  )
}

function Voids({
  tickets,
  raffle,
  voidedMinor,
}: {
  tickets: readonly Ticket[]
  raffle: RaffleAdmin
  voidedMinor: number
}) {
  const text = useText()
  const format = useFormat()
  const numbers = tickets.reduce((sum, ticket) => sum + ticket.numbers_count, 0)
  return (
    <Section
      title={text.reconcile.voids}
      count={
        tickets.length > 0
          ? text.reconcile.voidsSum(
              tickets.length,
              numbers,
              format.money(voidedMinor, raffle.currency, 'always'),
            )
          : undefined
      }
    >
      {tickets.length === 0 ? (
        <p className="sm muted">{text.reconcile.voidsNone}</p>
      ) : (
        <TicketTable tickets={tickets} raffle={raffle} withReason />
      )}
    </Section>
  )
}

/** Each ticket leads to its own page, where it is decided about. */
function TicketTable({
  tickets,
  raffle,
  withReason = false,
}: {
  tickets: readonly Ticket[]
  raffle: RaffleAdmin
  withReason?: boolean
}) {
  const text = useText()
  const format = useFormat()
  const words = text.reconcile
  return (
    <table className="tbl blocks">
      <thead>
        <tr>
          <th scope="col">{words.validation}</th>
          <th scope="col">{words.soldBy}</th>
          <th scope="col">{words.soldAt}</th>
          <th scope="col" className="n">
            {words.numbers}
          </th>
          <th scope="col" className="n">
            {words.value}
          </th>
          {withReason && <th scope="col">{words.why}</th>}
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
                  query: { q: ticket.validation_number },
                }}
              >
                {ticket.validation_number}
              </Link>
            </th>
            <td data-label={words.soldBy}>{soldBy(ticket, text)}</td>
            <td data-label={words.soldAt}>{format.time(ticket.sold_at_ms, ticket.time_zone)}</td>
            <td className="n" data-label={words.numbers}>
              {format.number(ticket.numbers_count)}
            </td>
            <td className="n" data-label={words.value}>
              {format.money(ticket.price_minor, ticket.currency)}
            </td>
            {withReason && (
              <td className="long" data-label={words.why}>
                {ticket.void_reason ?? ''}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Confirmation({ data, raffle }: { data: Reconciliation; raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const user = useUser()
  const gate = useGate(raffle)
  const may = useCan('reconcile')
  const words = text.reconcile
  const { identity } = data
  // The tick is for exactly these counts: when they move, it is gone.
  const counts = `${identity.sold}/${identity.voided}/${identity.unsold}/${data.statement}`
  const [ticked, setTicked] = useState<string | null>(null)
  const command = useMutation({
    mutationFn: () =>
      acknowledgeRaffle(raffle.id, {
        statement: data.statement,
        sold: identity.sold,
        voided: identity.voided,
        unsold: identity.unsold,
      }),
  })
  const given = data.acknowledgement
  const blocked = gate('acknowledge')
  const isTicked = ticked === counts
  const stepped = ticked !== null && !isTicked
  const down = useLinkReason()
  const sealed = raffle.draws.some((draw) => draw.lock_hash != null)
  const [reopening, setReopening] = useState(false)
  return (
    <Section
      title={words.confirmation}
      className="ack"
      aside={
        given ? (
          <Chip tone="online" icon="check">
            {words.confirmedChip}
          </Chip>
        ) : (
          <Chip tone="idle" icon="clock">
            {words.notYet}
          </Chip>
        )
      }
    >
      <blockquote>{groupDigits(data.statement, format.number)}</blockquote>
      {given ? (
        <div className="stack">
          <p className="sm">
            {words.confirmed(given.by, format.dayTime(given.at_ms, raffle.time_zone))}{' '}
            {words.confirmedCounts(
              format.number(given.counts.sold),
              format.number(given.counts.voided),
              format.number(given.counts.unsold),
            )}
          </p>
          <ButtonLink to={{ name: 'draw', params: { raffleId: raffle.id } }} tone="next" icon="seal">
            {words.toDraw}
          </ButtonLink>
          {may && (
            <Button small reason={sealed ? words.reopenGone : down} onClick={() => setReopening(true)}>
              {words.reopen}
            </Button>
          )}
        </div>
      ) : (
        may && (
          <>
            <label className="check">
              <input
                type="checkbox"
                checked={isTicked}
                aria-disabled={blocked !== null || undefined}
                onChange={(event) => {
                  if (blocked === null) setTicked(event.target.checked ? counts : null)
                }}
              />
              <span className="sm">
                {words.tick}{' '}
                <b>
                  {user.name}, {text.status.role[user.role]}
                </b>
                .
              </span>
            </label>
            {stepped && (
              <p className="err" role="alert">
                <Icon name="alert" />
                <span>{words.countsMoved}</span>
              </p>
            )}
            <Button
              tone="next"
              wide
              icon="check"
              reason={blocked ?? (isTicked ? null : words.tickFirst)}
              busy={command.isPending}
              onClick={() => command.mutate()}
            >
              {words.confirm}
            </Button>
            <ProblemNotice error={command.error} />
          </>
        )
      )}
      <p className="xs muted tip">{words.clears}</p>
      {reopening && (
        <ConfirmDialog
          title={words.reopenTitle}
          consequences={words.reopenText}
          confirm={words.reopenConfirm}
          needs={['reason']}
          reason={down}
          run={({ reason }) => reopenReconciliation(raffle.id, reason)}
          onClose={() => setReopening(false)}
        />
      )}
    </Section>
  )
}
