import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { curveQuery } from '../../api/queries'
import type { RaffleAdmin } from '../../api/types'
import { useFormat, useText } from '../../i18n'
import { isDown, useLink } from '../../live/LiveRaffle'
import { useServerNow } from '../../live/now'
import { Icon } from '../../ui/Icon'
import { Empty, Loaded } from '../../ui/Loaded'
import { Section } from '../../ui/Section'
import { CurveChart } from './CurveChart'
import { curveKnots, pacePerMinute, tableRows } from './curve'

export function SalesCurve({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const down = isDown(useLink())
  const now = useServerNow()
  const query = useQuery(curveQuery(raffle.id))
  const [asTable, setAsTable] = useState(false)
  const selling = raffle.status === 'selling' || raffle.status === 'suspended'
  const endMs = down ? raffle.jackpot.as_of_ms : now
  const live = selling ? { atMs: endMs, netMinor: raffle.net_minor } : null
  const data = query.data
  const points = data?.points ?? []
  const start = raffle.sales_start_ms ?? points[0]?.at_ms ?? now
  const knots = useMemo(
    () => curveKnots(data?.points ?? [], start, selling ? { atMs: endMs, netMinor: raffle.net_minor } : null),
    [data, start, selling, endMs, raffle.net_minor],
  )
  const pace = selling ? pacePerMinute(knots) : null
  const money = (minor: number) => format.money(minor, raffle.currency)
  const time = (ms: number) => format.time(ms, raffle.time_zone)
  return (
    <Section
      title={text.board.curve}
      className="curve"
      aside={
        points.length > 0 && (
          <p className="pace">
            {pace !== null && (
              <span>
                <Icon name="up" />{' '}
                <b className="num money">{text.board.perMinute(money(Math.round(pace / 100) * 100))}</b>{' '}
                <span className="muted">{text.board.lately}</span>
              </span>
            )}
            <button type="button" className="tl xs" onClick={() => setAsTable(!asTable)}>
              {asTable ? text.board.asChart : text.board.asTable}
            </button>
          </p>
        )
      }
    >
      <Loaded query={query}>
        {() => {
          if (points.length === 0 && raffle.net_minor === 0)
            return (
              <Empty icon="up" title={text.board.curveEmpty}>
                {text.board.curveEmptyHint}
              </Empty>
            )
          if (asTable)
            return (
              <div className="scroll" role="region" aria-label={text.board.curveTable} tabIndex={0}>
                <table className="tbl">
                  <thead>
                    <tr>
                      <th scope="col">{text.board.curveTime}</th>
                      <th scope="col" className="n">
                        {text.board.curveNet}
                      </th>
                      <th scope="col" className="n">
                        {text.board.curveOrders}
                      </th>
                      <th scope="col" className="n">
                        {text.board.curveNumbers}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {tableRows(points).map((point) => (
                      <tr key={point.at_ms}>
                        <th scope="row">{time(point.at_ms)}</th>
                        <td className="n">{money(point.net_minor)}</td>
                        <td className="n">{format.number(point.orders)}</td>
                        <td className="n">{format.number(point.numbers)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )
          return (
            <>
              <p className="vh">{text.board.curveSummary(money(raffle.net_minor), time(start))}</p>
              <CurveChart
                knots={knots}
                now={live}
                startMs={start}
                closesAtMs={raffle.closes_at_ms ?? now}
                currency={raffle.currency}
                timeZone={raffle.time_zone}
                stale={down}
              />
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}
