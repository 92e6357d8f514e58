import type { Ticket } from '../../api/client'
import { useI18n } from '../../i18n'
import { clock, count, date, drawNumber, eventNumber, fours, money } from '../../i18n/format'
import { ticketPath } from '../../router'
import { Icon } from '../../ui/icons'
import { Qr } from '../../ui/qr-code'

const RANGES_MAX = 12

/** The ticket as paper: what is printed and what is shown is the same thing. Always light. */
export function TicketPaper({ ticket, hits }: { ticket: Ticket; hits: number[] }) {
  const { t, locale } = useI18n()
  const groups = fours(ticket.validation_number.replaceAll('-', ''))
  const shown = ticket.ranges.slice(0, RANGES_MAX)
  const rest = ticket.ranges.length - shown.length
  const sold = `${date(ticket.sold_at_ms, ticket.time_zone)} ${clock(ticket.sold_at_ms, ticket.time_zone)}`
  const where = [t.channel[ticket.channel], ticket.device_label].filter(Boolean).join(' ')
  const bought = ticket.lines.map((line) =>
    line.quantity > 1 ? `${line.quantity} × ${line.label}` : line.label,
  )
  // One package says no more than the count of its numbers below.
  const lines = bought.length > 1 || ticket.lines.some((line) => line.quantity > 1) ? bought.join(', ') : null
  const watermark = ticket.state === 'voided' ? t.void_watermark : ticket.test ? t.test_watermark : null
  return (
    <article
      class={`paper ${ticket.test ? 'is-test' : ''} ${ticket.state === 'voided' ? 'is-void' : ''}`}
      data-theme="light"
      aria-label={t.ticket_title}
    >
      {watermark !== null && <div class="wm" aria-hidden="true" data-word={watermark} />}
      <header>
        <div>
          <p class="b">{ticket.event_name}</p>
          <p class="xs">
            {t.event_number(eventNumber(ticket.event_number))} · {ticket.location}
          </p>
          {lines !== null && <p class="xs">{lines}</p>}
        </div>
        <p class="pr">
          {ticket.test && <span class="testword">{t.test_watermark} </span>}
          <span class="fig">{money(ticket.price_minor, ticket.currency, locale)}</span>
        </p>
      </header>
      <div class="nums">
        <p class="sm">{t.draw_numbers(ticket.numbers_count, count(ticket.numbers_count, locale))}</p>
        {shown.map((range) => (
          <div key={range.first} class={shown.length > 1 ? 'nr many' : 'nr'}>
            <p class="fig nn">{drawNumber(range.first)}</p>
            {range.last !== range.first && (
              <p class="fig nn">
                <span class="to">{t.to} </span>
                {drawNumber(range.last)}
              </p>
            )}
          </div>
        ))}
        {rest > 0 && <p class="sm">{t.and_more(rest)}</p>}
        {hits.length > 0 && (
          <p class="hit">
            <Icon name="trophy" />
            {t.ticket_drawn(hits.map(drawNumber).join(' · '))}
          </p>
        )}
      </div>
      <div class="perf" aria-hidden="true" />
      <div class="val">
        <Qr text={location.origin + ticketPath(ticket.validation_number)} label={t.qr_ticket} />
        <div>
          <p class="xs">{t.validation}</p>
          <p class="vn" data-validation={ticket.validation_number}>
            <span>{groups.slice(0, 2).join('-')}</span>
            <span class="vh">-</span>
            <span>{groups.slice(2).join('-')}</span>
          </p>
          <p class="xs">{t.sold_on(sold)}</p>
          <p class="xs">
            {where}
            {ticket.plan_hash !== null && (
              <> · {t.plan_short(fours(ticket.plan_hash.slice(0, 8)).join(' '))}</>
            )}
          </p>
        </div>
      </div>
      <p class="org xs">
        {ticket.licence === null
          ? ticket.organisation_name
          : t.licence_line(ticket.organisation_name, ticket.licence)}
      </p>
      {ticket.ticket_lines.map((line) => (
        <p key={line} class="org xs">
          {line}
        </p>
      ))}
    </article>
  )
}
