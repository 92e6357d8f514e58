import { useI18n } from '../../i18n'
import type { Messages } from '../../i18n/en'
import { drawNumber, when } from '../../i18n/format'
import type { Order, Phase } from '../../purchase/order'
import { eventPath, ticketPath } from '../../router'
import { Icon, type IconName } from '../../ui/icons'

const STUB: Record<Phase, { icon: IconName; waits: boolean }> = {
  sending: { icon: 'clock', waits: true },
  unknown: { icon: 'clock', waits: true },
  pending: { icon: 'clock', waits: true },
  not_sent: { icon: 'alert', waits: true },
  paid: { icon: 'ticket', waits: false },
  declined: { icon: 'x', waits: true },
  expired: { icon: 'x', waits: true },
  refused: { icon: 'x', waits: true },
  voided: { icon: 'x', waits: true },
  refund_due: { icon: 'clock', waits: true },
  refunded: { icon: 'check', waits: true },
}

/** Said once where it happened; nothing to keep. */
const OVER = new Set<Phase>(['declined', 'refused'])

/** Orders and tickets on this phone. Without a raffle's time zone each ticket brings its own. */
export function MyTickets(props: { orders: Order[]; timeZone: string | null }) {
  const { t } = useI18n()
  const { timeZone } = props
  const orders = props.orders.filter((order) => !OVER.has(order.phase))
  return (
    <section class="sec" aria-labelledby="mine-h">
      <header>
        <h2 id="mine-h">{t.mine_title}</h2>
        <span class="xs">{t.mine_on_phone}</span>
      </header>
      {orders.length === 0 ? (
        <p class="sm muted">
          <b>{t.mine_none}</b> {t.mine_none_text}
        </p>
      ) : (
        <ul>
          {orders.map((order) => (
            <li key={order.key}>
              <Row order={order} timeZone={timeZone} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Row({ order, timeZone }: { order: Order; timeZone: string | null }) {
  const { t, numbers, locale } = useI18n()
  const { icon, waits } = STUB[order.phase]
  const { ticket } = order
  const words = orderWords(t, order, numbers(order.numbers))
  const first = ticket?.ranges[0]
  const zone = timeZone ?? ticket?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  const shown = ticket !== null && first !== undefined && order.phase === 'paid'
  return (
    <a class="mt" href={shown ? ticketPath(ticket.validation_number) : eventPath(order.raffle_id)}>
      <span class={`stub ${waits ? 'wait' : ''}`}>
        <Icon name={icon} />
      </span>
      <span class="grow">
        {shown ? (
          <>
            <b class="num">{t.range(drawNumber(first.first), drawNumber(first.last))}</b>
            <span class="xs muted">
              {ticket.ranges.length > 1 && <>{t.and_more(ticket.ranges.length - 1)} · </>}
              {t.bought_at(numbers(ticket.numbers_count), when(ticket.sold_at_ms, Date.now(), zone, locale))}
            </span>
          </>
        ) : (
          <>
            <b>{words.title}</b>
            <span class="xs muted">{words.text}</span>
          </>
        )}
        {timeZone === null && <span class="xs muted">{order.event_name}</span>}
      </span>
      <Icon name="chevron" />
    </a>
  )
}

/** Title and explanation of an order in each phase. */
export function orderWords(t: Messages, order: Order, amount: string): { title: string; text: string } {
  const words: Record<Phase, { title: string; text: string }> = {
    sending: { title: t.order_sending(amount), text: t.order_sending_text },
    unknown: { title: t.order_unknown, text: t.order_unknown_text },
    pending: { title: t.order_pending(amount), text: t.order_pending_text },
    not_sent: { title: t.order_not_sent, text: t.order_not_sent_text },
    paid: { title: t.order_paid, text: t.order_paid_text },
    declined: { title: t.order_declined, text: t.order_declined_text },
    expired: { title: t.order_expired, text: t.order_expired_text },
    refused: { title: t.order_refused, text: refusedText(t, order.code) },
    voided: { title: t.order_voided, text: t.order_voided_text },
    refund_due: { title: t.order_refund_due, text: t.order_refund_due_text },
    refunded: { title: t.order_refunded, text: t.order_refunded_text },
  }
  return words[order.phase]
}

const SOLD_OUT = new Set(['sold_out', 'out_of_stock'])
const NOT_OPEN = new Set(['not_yet_selling', 'sales_suspended', 'sales_closed', 'channel_not_sold'])

function refusedText(t: Messages, code: string | null): string {
  if (code === null) return t.order_refused_text
  if (SOLD_OUT.has(code)) return t.order_refused_sold_out
  return NOT_OPEN.has(code) ? t.order_refused_not_selling : t.order_refused_text
}
