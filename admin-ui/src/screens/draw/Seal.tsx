import { useFormat, useText } from '../../i18n'
import type { DrawStatus } from '../../api/types'
import { Hash } from '../../ui/Hash'
import { Icon } from '../../ui/Icon'
import { Section } from '../../ui/Section'

/** The seal that everybody compares: large, in fours. */
export function Seal({ draw, timeZone }: { draw: DrawStatus; timeZone: string }) {
  const text = useText()
  const format = useFormat()
  const sealedAt = draw.steps.find(({ step }) => step === 'locked')?.at_ms
  return (
    <Section
      title={
        <>
          <Icon name="seal" /> {text.draw.sealHeading}
        </>
      }
      className="seal"
      aside={draw.lock_hash != null && <span className="xs">{text.draw.sealCompare}</span>}
    >
      {draw.lock_hash == null ? (
        <p className="sm muted">{text.draw.sealNone}</p>
      ) : (
        <div className="lk">
          <div className="lh">
            <Hash value={draw.lock_hash} className="big" />
          </div>
          <dl>
            {sealedAt != null && (
              <div>
                <dt>{text.draw.sealed}</dt>
                <dd className="num">{format.time(sealedAt, timeZone, true)}</dd>
              </div>
            )}
            {draw.sold_count != null && (
              <div>
                <dt>{text.draw.numbers}</dt>
                <dd className="num">{format.number(draw.sold_count)}</dd>
              </div>
            )}
            {draw.range_count != null && (
              <div>
                <dt>{text.draw.ranges}</dt>
                <dd className="num">{format.number(draw.range_count)}</dd>
              </div>
            )}
            <div>
              <dt>{text.draw.grade}</dt>
              <dd>{draw.grade === '0' ? text.draw.grade0 : draw.grade}</dd>
            </div>
          </dl>
        </div>
      )}
    </Section>
  )
}
