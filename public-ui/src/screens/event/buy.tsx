import { useEffect, useRef, useState } from 'preact/hooks'
import type { PaymentOutcome, RaffleView } from '../../api/client'
import { useI18n } from '../../i18n'
import { each, money } from '../../i18n/format'
import type { Link } from '../../live/feed'
import { type Order, isRunning } from '../../purchase/order'
import { useServices } from '../../services'
import { Icon } from '../../ui/icons'
import { ActionButton, Chip, Notice } from '../../ui/parts'
import { OrderCard } from './order-card'

const OUTCOMES: readonly PaymentOutcome[] = ['pay', 'decline', 'timeout', 'late_webhook']

/** From here on the stock of a package is worth a word. */
const FEW_LEFT = 50

interface Props {
  raffle: RaffleView
  over: boolean
  link: Link
  orders: Order[]
  /** Asks for prices and stocks again. */
  refresh: () => void
}

export function BuyPanel({ raffle, over, link, orders, refresh }: Props) {
  const { t, locale, numbers, n, at } = useI18n()
  const { purchases } = useServices()
  const [chosen, setChosen] = useState<number | null>(null)
  const [outcome, setOutcome] = useState<PaymentOutcome>('pay')
  const [dismissed, setDismissed] = useState<string | null>(null)

  const available = raffle.packages.filter((pack) => pack.remaining !== 0)
  const pack = available.find((p) => p.id === chosen) ?? available[0]
  const running = orders.find(isRunning)
  // The order on the panel: the one that runs, or the newest of this visit until the buyer moves on.
  const heading = useRef<HTMLHeadingElement>(null)
  const followed = useRef<string | null>(null)
  if (running !== undefined) followed.current = running.key
  const newest = orders[0]
  const stays =
    newest !== undefined && newest.key !== dismissed && (isFresh(newest) || newest.key === followed.current)
  const current = running ?? (stays ? newest : undefined)
  const provider = raffle.payment_provider
  // The one provider this page can speak for; a card needs a form that its provider makes, test or not.
  const simulated = provider.name === 'simulated'

  const reason = over
    ? t.why_closed(at(raffle.closes_at_ms, raffle.time_zone))
    : !raffle.online_sales
      ? t.why_not_online
      : !simulated
        ? t.why_provider(provider.name)
        : pack === undefined
          ? t.why_sold_out
          : running !== undefined
            ? t.why_running
            : link.kind === 'lost'
              ? t.why_offline
              : null

  // The button that closed the order is gone with it: the focus goes back to the start of the panel.
  useEffect(() => {
    if (dismissed !== null) heading.current?.focus()
  }, [dismissed])

  if (current !== undefined) {
    return (
      <section class="buy" aria-labelledby="buy-h">
        <h2 id="buy-h">{t.order_title}</h2>
        <OrderCard
          order={current}
          timeZone={raffle.time_zone}
          onDone={() => {
            setDismissed(current.key)
            refresh()
          }}
          doneLabel={current.phase === 'paid' ? t.buy_more : t.try_again}
        />
      </section>
    )
  }

  return (
    <section class="buy" aria-labelledby="buy-h">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (reason !== null || pack === undefined) return
          setDismissed(null)
          purchases.buy(raffle, pack.id, outcome)
        }}
      >
        <h2 id="buy-h" tabIndex={-1} ref={heading}>
          {t.buy_title}
        </h2>
        <p class="sm muted">{t.buy_lead}</p>
        <div class="pks" role="radiogroup" aria-labelledby="buy-h">
          {raffle.packages.map((p) => {
            const gone = p.remaining === 0
            const selected = p.id === pack?.id
            return (
              <label key={p.id} class={`pk ${selected ? 'sel' : ''} ${gone ? 'gone' : ''}`}>
                <input
                  type="radio"
                  name="package"
                  checked={selected}
                  disabled={gone}
                  onChange={() => setChosen(p.id)}
                />
                <span class="dot" aria-hidden="true" />
                <span class="pn">
                  <b>{numbers(p.numbers)}</b>
                  <span class="sm muted">
                    {gone ? t.sold_out : t.each(each(p.price_minor, p.numbers, raffle.currency, locale))}
                    {p.remaining !== null && !gone && p.remaining <= FEW_LEFT && (
                      <b class="few">{t.left(n(p.remaining))}</b>
                    )}
                  </span>
                </span>
                <span class="fig money">{money(p.price_minor, raffle.currency, locale)}</span>
              </label>
            )
          })}
        </div>
        <ul class="rules sm">
          <li>
            <Icon name="check" />
            {t.rule_draw}
          </li>
          <li>
            <Icon name="check" />
            {t.rule_check}
          </li>
          {raffle.ticket_lines.map((line) => (
            <li key={line}>
              <Icon name="info" />
              {line}
            </li>
          ))}
        </ul>
        {!purchases.store.keeps && (
          <Notice tone="warn" icon="alert">
            {t.not_kept}
          </Notice>
        )}
        {simulated && raffle.online_sales && pack !== undefined && (
          <fieldset class="testpay">
            <legend>
              <Chip tone="testc" icon="flask">
                {t.pay_test_title}
              </Chip>
            </legend>
            <p class="sm">{t.pay_test_lead}</p>
            <div class="outs">
              {OUTCOMES.map((o) => (
                <label key={o} class="out">
                  <input
                    type="radio"
                    name="outcome"
                    value={o}
                    checked={o === outcome}
                    onChange={() => setOutcome(o)}
                  />
                  <span>
                    <b>{t.outcome[o]}</b>
                    <span class="xs muted">{t.outcome_hint[o]}</span>
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
        )}
        <div class="cta">
          <ActionButton class={reason === null ? 'next' : 'next off'} type="submit" reason={reason}>
            {pack === undefined
              ? t.sold_out
              : t.buy(numbers(pack.numbers), money(pack.price_minor, raffle.currency, locale))}
          </ActionButton>
        </div>
      </form>
    </section>
  )
}

const opened = Date.now()

/** Made since the page was opened, or needing a decision: shown in the panel. Older ones are under My tickets. */
function isFresh(order: Order): boolean {
  return order.created_ms >= opened || order.phase === 'not_sent'
}
