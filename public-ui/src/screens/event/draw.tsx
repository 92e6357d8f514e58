import type { DrawSummary, RaffleView } from '../../api/client'
import { Rich, useI18n } from '../../i18n'
import { clockSeconds, drawNumber, eventNumber, fours, money } from '../../i18n/format'
import type { Order } from '../../purchase/order'
import { ticketPath } from '../../router'
import { Icon } from '../../ui/icons'
import { Chip, Notice, Seal } from '../../ui/parts'
import { DRAW_STAGE, holdsNumber } from '../stage'

/** The draws of an event: how it works, then the seal, then the result with its record. */
export function DrawSection({ raffle, orders }: { raffle: RaffleView; orders: Order[] }) {
  const { t } = useI18n()
  const begun = raffle.draws.filter((draw) => DRAW_STAGE[draw.status] !== 'waiting')
  return (
    <>
      {begun.map((draw) => (
        <section key={draw.id} class="sec led" aria-labelledby={`draw-${draw.id}`}>
          <header>
            <h2 id={`draw-${draw.id}`}>
              {raffle.draws.length > 1 ? t.draw_named(draw.draw_no) : t.draw_title}
            </h2>
            <DrawTime draw={draw} raffle={raffle} />
          </header>
          <DrawBody draw={draw} raffle={raffle} orders={orders} />
        </section>
      ))}
      {begun.length === 0 && <HowItWorks raffle={raffle} />}
    </>
  )
}

/** With one draw the page's head already says when it was sealed. */
function DrawTime({ draw, raffle }: { draw: DrawSummary; raffle: RaffleView }) {
  const { t, at } = useI18n()
  if (draw.published_at_ms !== null) {
    return <span class="xs">{t.published_at(at(draw.published_at_ms, raffle.time_zone))}</span>
  }
  if (draw.locked_at_ms === null || raffle.draws.length === 1) return null
  return (
    <Chip tone="sealed" icon="seal">
      {t.sealed_chip(clockSeconds(draw.locked_at_ms, raffle.time_zone))}
    </Chip>
  )
}

function DrawBody({ draw, raffle, orders }: { draw: DrawSummary; raffle: RaffleView; orders: Order[] }) {
  const { t } = useI18n()
  switch (DRAW_STAGE[draw.status]) {
    case 'waiting':
      return null
    case 'sealed':
      return <Sealed draw={draw} />
    case 'published':
      return <Published draw={draw} raffle={raffle} orders={orders} />
    case 'blocked':
      return (
        <Notice tone="warn" icon="alert">
          <b>{t.draw_blocked}.</b> {t.draw_blocked_text}
        </Notice>
      )
    case 'cancelled':
      return (
        <Notice tone="off" icon="x">
          <b>{t.draw_cancelled}.</b> {t.draw_cancelled_text}
        </Notice>
      )
  }
}

function Sealed({ draw }: { draw: DrawSummary }) {
  const { t, n } = useI18n()
  return (
    <>
      <p>
        <b>{t.seal_title}.</b> {draw.sold_count !== null && <Rich text={t.seal_text(n(draw.sold_count))} />}
      </p>
      {draw.lock_hash !== null && <Seal hash={draw.lock_hash} />}
      <p class="xs muted">
        {t.seal_same} {t.seal_next}
      </p>
      <Grade grade={draw.grade} />
    </>
  )
}

function Published({ draw, raffle, orders }: { draw: DrawSummary; raffle: RaffleView; orders: Order[] }) {
  const { t, locale, n } = useI18n()
  const file = `drumroll-${eventNumber(raffle.event_number)}-draw-${draw.draw_no}.json`
  const owner = (number: number) =>
    orders.find((o) => o.phase === 'paid' && o.ticket !== null && holdsNumber(o.ticket.ranges, number))
      ?.ticket ?? null
  return (
    <>
      <ol class="win">
        {(draw.winners ?? []).map((winner) => {
          const mine = owner(winner.number)
          return (
            <li
              key={`${winner.prize_id}.${winner.position}`}
              class={winner.prize_id === raffle.main_prize_id ? 'main' : ''}
              data-winner={winner.number}
            >
              <span class="sm muted">
                {winner.prize_name}, {money(winner.value_minor, raffle.currency, locale)}
              </span>
              <span class="fig">{drawNumber(winner.number)}</span>
              {mine !== null && (
                <a class="mine" href={ticketPath(mine.validation_number)}>
                  <Chip tone="live" icon="ticket">
                    {t.your_ticket}
                  </Chip>
                </a>
              )}
            </li>
          )
        })}
      </ol>
      <p class="sm">{t.raised}</p>
      {draw.reserves !== null && draw.reserves.length > 0 && (
        <p class="sm muted">
          {t.reserves}: <span class="num">{draw.reserves.map((r) => drawNumber(r.number)).join(' · ')}</span>
        </p>
      )}
      {draw.lock_hash !== null && (
        <details>
          <summary>
            {t.seal}
            {draw.sold_count !== null && (
              <span class="muted"> · {t.numbers(draw.sold_count, n(draw.sold_count))}</span>
            )}
          </summary>
          <Seal hash={draw.lock_hash} />
        </details>
      )}
      <h3>{t.check_title}</h3>
      <p class="sm">{t.check_text}</p>
      <p>
        <a
          class="btn"
          href={`/api/v1/raffles/${raffle.id}/transcript?draw_no=${draw.draw_no}`}
          download={file}
        >
          <Icon name="download" />
          {t.transcript}
        </a>
      </p>
      <pre class="hash cmd" tabIndex={0}>
        <code>
          drumroll verify {file} --plan-hash {draw.plan_hash}
        </code>
      </pre>
      <p class="xs muted">{t.check_plan}</p>
      <h3>{t.grade_title}</h3>
      <Grade grade={draw.grade} />
      <p class="xs muted">{t.check_not}</p>
    </>
  )
}

function Grade({ grade }: { grade: string }) {
  const { t } = useI18n()
  return (
    <p class="sm">
      <Rich text={grade === '0' ? t.grade['0'] : t.grade.other(grade)} />
    </p>
  )
}

function HowItWorks({ raffle }: { raffle: RaffleView }) {
  const { t } = useI18n()
  const plan = raffle.draws.at(-1)
  return (
    <section class="sec" aria-labelledby="how-h">
      <header>
        <h2 id="how-h">{t.draw_how_title}</h2>
      </header>
      <ol class="how">
        {t.draw_how.map((step) => (
          <li key={step}>
            <Rich text={step} />
          </li>
        ))}
      </ol>
      {plan !== undefined && (
        <details>
          <summary>
            {t.plan} <span class="hash muted">{fours(plan.plan_hash.slice(0, 8)).join(' ')}…</span>
          </summary>
          <Seal hash={plan.plan_hash} />
          <p class="xs muted">{t.plan_text}</p>
          <Grade grade={plan.grade} />
        </details>
      )}
    </section>
  )
}
