import type { Channel, RaffleAdmin } from '../../api/types'
import { useFormat, useText } from '../../i18n'
import { Link } from '../../router'
import { Section } from '../../ui/Section'

/** Parts differ by pattern as well as by colour. */
const fillOf: Record<Channel, string> = {
  rsu: 'var(--chart-a)',
  online: 'url(#part-b)',
  counter: 'url(#part-c)',
  integration: 'url(#part-d)',
}

const BAR = 360

export function WhereBought({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const total = raffle.channels.reduce((sum, channel) => sum + channel.net_minor, 0)
  const parts = raffle.channels
    .filter((channel) => channel.orders > 0)
    .toSorted((a, b) => b.net_minor - a.net_minor)
    .map((channel) => ({ ...channel, share: total === 0 ? 0 : channel.net_minor / total }))
  const bars = parts.map((part, index) => ({
    ...part,
    x: parts.slice(0, index).reduce((sum, before) => sum + before.share, 0) * BAR,
  }))
  const { identity } = raffle
  return (
    <Section
      title={text.board.where}
      className="split"
      aside={
        <Link className="tl xs" to={{ name: 'report', params: { raffleId: raffle.id } }}>
          {text.board.report}
        </Link>
      }
    >
      {total === 0 ? (
        <p className="sm muted">{text.board.whereEmpty}</p>
      ) : (
        <>
          <svg
            className="parts-bar"
            viewBox={`0 0 ${BAR} 26`}
            preserveAspectRatio="none"
            role="img"
            aria-label={parts
              .map((part) => `${text.status.channel[part.channel]} ${format.percent(part.share)}`)
              .join(', ')}
          >
            <defs>
              <pattern
                id="part-b"
                width="6"
                height="6"
                patternUnits="userSpaceOnUse"
                patternTransform="rotate(45)"
              >
                <rect width="6" height="6" fill="var(--chart-b)" />
                <rect width="2" height="6" fill="var(--paper)" />
              </pattern>
              <pattern id="part-c" width="5" height="5" patternUnits="userSpaceOnUse">
                <rect width="5" height="5" fill="var(--chart-c)" />
                <rect width="5" height="1.5" fill="var(--paper)" />
              </pattern>
              <pattern id="part-d" width="6" height="6" patternUnits="userSpaceOnUse">
                <rect width="6" height="6" fill="var(--chart-prev)" />
                <circle cx="3" cy="3" r="1.3" fill="var(--paper)" />
              </pattern>
            </defs>
            {bars.map((part) => (
              <rect
                key={part.channel}
                x={part.x}
                width={Math.max(1, part.share * BAR - 2)}
                height="26"
                fill={fillOf[part.channel]}
              />
            ))}
          </svg>
          <dl className="chan">
            {parts.map((part) => (
              <div key={part.channel}>
                <dt>{text.status.channel[part.channel]}</dt>
                <dd className="num money">{format.money(part.net_minor, raffle.currency)}</dd>
                <dd className="num b">{format.percent(part.share)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <h3 className="sub">{text.board.room}</h3>
      <dl className="chan">
        <div>
          <dt>{text.board.roomNumbers(format.number(identity.total))}</dt>
          <dd className="num b">
            {text.board.free(format.percent(identity.total === 0 ? 0 : identity.unsold / identity.total))}
          </dd>
        </div>
        <div>
          <dt>{text.board.save}</dt>
          <dd className="num b">{format.number(raffle.durable_lag_ms)} ms</dd>
        </div>
      </dl>
    </Section>
  )
}
