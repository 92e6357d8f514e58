import { useState } from 'react'
import type { PrizeConfig, RaffleAdmin } from '../../api/types'
import { useGate } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { formatDrawNumber } from '../../format/number'
import { useFormat, useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { Hash } from '../../ui/Hash'
import { Empty } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { Section } from '../../ui/Section'
import { CancelDialog } from './CancelDialog'

/** The set-up as it was fixed: to be read, not changed. */
export function Frozen({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const gate = useGate(raffle)
  const may = useCan('run_sales')
  const [cancelling, setCancelling] = useState(false)
  const words = text.setUp
  const { config } = raffle
  const opened = raffle.status !== 'draft' && raffle.status !== 'configured'
  if (!config)
    return (
      <div className="page">
        <PageTitle title={words.frozenTitle} />
        <Empty icon="lock" title={text.status.raffle[raffle.status]} />
      </div>
    )
  const money = (minor: number) => format.money(minor, config.currency)
  const number = (value: number) => formatDrawNumber(value, config.numbers.last)
  const prizeWorth = ({ rule }: PrizeConfig): string =>
    rule.kind === 'fixed'
      ? `${format.number(rule.quantity)} × ${money(rule.value_minor)}`
      : [
          `${format.percent(rule.basis_points / 10_000, 2)} · ${words.percentage}`,
          rule.seed_minor > 0 && `${words.seed} ${money(rule.seed_minor)}`,
          rule.guarantee_minor > 0 && `${words.guarantee} ${money(rule.guarantee_minor)}`,
          rule.cap_minor != null && `${words.cap} ${money(rule.cap_minor)}`,
        ]
          .filter(Boolean)
          .join(' · ')
  const event: [label: string, value: string][] = [
    [words.name, config.name],
    [words.organisation, config.organisation_name],
    [words.venue, raffle.venue_name],
    [words.location, config.location],
    [words.licence, config.licence ?? '–'],
    [words.salesOpen, format.dayTime(config.sales_start_ms, config.time_zone)],
    [words.salesClose, format.dayTime(config.sales_end_ms, config.time_zone)],
    [words.reserves, format.number(config.reserves)],
    [words.deviceBlock, format.number(config.device_block)],
    [words.hold, format.number(Math.round(config.hold_s / 60))],
    [words.rules, config.profile_id],
  ]
  return (
    <div className="page su frozen">
      <header className="hd full">
        <PageTitle title={words.frozenTitle} />
      </header>
      <div className="su-form">
        {opened && (
          <Notice tone="warn" icon="lock">
            {words.frozen}
          </Notice>
        )}
        <Section title={words.sections.event}>
          <Facts facts={event} />
        </Section>
        <Section title={words.sections.packages} count={config.packages.length}>
          <Facts
            facts={config.packages.map((item) => [
              item.label,
              `${text.tickets.numbers(item.numbers)} · ${money(item.price_minor)}` +
                (item.stock == null ? '' : ` · ${words.packageStock} ${format.number(item.stock)}`),
            ])}
          />
        </Section>
        <Section title={words.sections.prizes} count={config.prizes.length}>
          <Facts facts={config.prizes.map((prize) => [prize.name, prizeWorth(prize)])} />
        </Section>
        <Section title={words.sections.numbers}>
          <Facts
            facts={config.pools.map((pool) => [
              text.status.pool[pool.channel],
              text.tickets.rangeTo(number(pool.range.first), number(pool.range.last)),
            ])}
          />
        </Section>
        {config.ticket_lines.length > 0 && (
          <Section title={words.sections.lines}>
            <ul className="sm">
              {config.ticket_lines.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </Section>
        )}
      </div>
      <aside className="su-side">
        {raffle.draws.map((draw) => (
          <Section title={text.draw.drawNo(draw.draw_no)} key={draw.id}>
            <p className="xs muted">
              {text.draw.plan}, {text.draw.planHint}
            </p>
            <Hash value={draw.plan_hash} className="xs" />
          </Section>
        ))}
        {may && raffle.status !== 'cancelled' && (
          <Section title={words.endHeading}>
            <div className="stack">
              <p className="sm muted">{words.endHint}</p>
              <Button
                small
                tone="danger"
                icon="x"
                reason={gate('cancel')}
                onClick={() => setCancelling(true)}
              >
                {words.cancelEvent}
              </Button>
            </div>
          </Section>
        )}
      </aside>
      {cancelling && <CancelDialog raffle={raffle} onClose={() => setCancelling(false)} />}
    </div>
  )
}

function Facts({ facts }: { facts: readonly (readonly [label: string, value: string])[] }) {
  return (
    <dl className="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
