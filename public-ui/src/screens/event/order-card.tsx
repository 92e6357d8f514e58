import { useEffect, useRef } from 'preact/hooks'
import { useI18n } from '../../i18n'
import { clock } from '../../i18n/format'
import { type Order, type Phase, isRunning } from '../../purchase/order'
import { ticketPath } from '../../router'
import { useServices } from '../../services'
import { useAnnounce } from '../../ui/announcer'
import type { IconName } from '../../ui/icons'
import { Notice } from '../../ui/parts'
import { TicketPaper } from '../ticket/paper'
import { orderWords } from './mine'

type Tone = 'ok' | 'warn' | 'off' | 'danger'
const LOOK: Record<Phase, { tone: Tone; icon: IconName }> = {
  sending: { tone: 'off', icon: 'clock' },
  unknown: { tone: 'off', icon: 'clock' },
  pending: { tone: 'off', icon: 'clock' },
  not_sent: { tone: 'warn', icon: 'alert' },
  paid: { tone: 'ok', icon: 'check' },
  declined: { tone: 'danger', icon: 'x' },
  expired: { tone: 'warn', icon: 'clock' },
  refused: { tone: 'danger', icon: 'x' },
  voided: { tone: 'warn', icon: 'x' },
  refund_due: { tone: 'warn', icon: 'clock' },
  refunded: { tone: 'ok', icon: 'check' },
}

/** One order from the first byte to its ticket, or to the reason why there is none. */
export function OrderCard(props: { order: Order; timeZone: string; onDone: () => void; doneLabel: string }) {
  const { order } = props
  const { t, numbers } = useI18n()
  const { purchases } = useServices()
  const announce = useAnnounce()
  const card = useRef<HTMLDivElement>(null)
  const { title, text } = orderWords(t, order, numbers(order.numbers))
  const { tone, icon } = LOOK[order.phase]

  useEffect(() => {
    // The button that was pressed is gone: the focus goes to what it led to.
    card.current?.focus()
  }, [order.key])
  const spoken = useRef('')
  useEffect(() => {
    if (spoken.current !== order.phase) announce(`${title}\n${text}`)
    spoken.current = order.phase
  })

  return (
    <div class="oc" ref={card} tabIndex={-1} data-order={order.phase} data-key={order.key}>
      <Notice tone={tone} icon={icon}>
        <b class="lead">{title}</b>
        <p>{text}</p>
        {order.phase === 'pending' && order.expires_at_ms !== null && (
          <p>{t.order_held_until(clock(order.expires_at_ms, props.timeZone))}</p>
        )}
        {isRunning(order) && <span class="ticks working" aria-hidden="true" />}
      </Notice>
      {order.phase === 'paid' && order.ticket !== null && <TicketPaper ticket={order.ticket} hits={[]} />}
      {!isRunning(order) && (
        <p class="row wrap">
          {order.phase === 'paid' && order.ticket !== null && (
            <a class="btn solid" href={ticketPath(order.ticket.validation_number)}>
              {t.to_ticket}
            </a>
          )}
          {order.phase === 'not_sent' ? (
            <>
              <button type="button" class="btn solid" onClick={() => purchases.sendAgain(order.key)}>
                {t.send_again}
              </button>
              <button type="button" class="btn" onClick={() => purchases.forget(order.key)}>
                {t.forget}
              </button>
            </>
          ) : (
            <button type="button" class="btn" onClick={props.onDone}>
              {props.doneLabel}
            </button>
          )}
        </p>
      )}
    </div>
  )
}
