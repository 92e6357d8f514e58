import { useQuery } from '@tanstack/react-query'
import { logQuery } from '../../api/queries'
import { useFormat, useText } from '../../i18n'
import { Link, navigate, useQueryParam } from '../../router'
import { SelectField } from '../../ui/Field'
import { Empty, Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { codeText, detailParts, news, partyText, shortId } from './parties'

/** Significant events (GLI 5.6): what happened, to what, by whom. */
export function LogScreen() {
  const text = useText()
  const format = useFormat()
  const code = useQueryParam('code') ?? undefined
  const query = useQuery(logQuery({ code }))
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const codes = [...new Set([...(query.data?.items.map((item) => item.code) ?? []), ...(code ? [code] : [])])]
  return (
    <div className="page">
      <header className="hd">
        <div>
          <PageTitle title={text.log.title} />
          <p className="muted">{text.log.intro}</p>
        </div>
        <SelectField
          label={text.log.filter}
          value={code ?? ''}
          onText={(value) => navigate({ name: 'log', query: { code: value } }, { replace: true })}
        >
          <option value="">{text.tickets.any}</option>
          {codes
            .toSorted((a, b) => codeText(a, text).localeCompare(codeText(b, text)))
            .map((each) => (
              <option key={each} value={each}>
                {codeText(each, text)}
              </option>
            ))}
        </SelectField>
      </header>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="clock" title={text.log.empty} />
          ) : (
            <table className="tbl blocks">
              <thead>
                <tr>
                  <th scope="col">{text.log.when}</th>
                  <th scope="col">{text.log.code}</th>
                  <th scope="col">{text.log.component}</th>
                  <th scope="col">{text.log.actor}</th>
                  <th scope="col">{text.log.detail}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((item, index) => (
                  <tr key={`${item.at_ms}/${index}`}>
                    <th scope="row" className="nowrap">
                      {format.day(item.at_ms, zone)}, {format.time(item.at_ms, zone, true)}
                    </th>
                    <td className="long" data-label={text.log.code}>
                      {codeText(item.code, text)}
                    </td>
                    <td data-label={text.log.component} title={item.component}>
                      {partyText(item.component, item.component_name, text)}
                    </td>
                    <td data-label={text.log.actor} title={item.actor}>
                      {partyText(item.actor, item.actor_name, text)}
                    </td>
                    <td className="long" data-label={text.log.detail}>
                      <Detail detail={news(item, text)} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </div>
  )
}

function Detail({ detail }: { detail: string }) {
  const { before, order, after } = detailParts(detail)
  return (
    <>
      {before}
      {order !== null && (
        <Link className="hash" to={{ name: 'lookUp', query: { q: order } }} title={order}>
          {shortId(order)}
        </Link>
      )}
      {after}
    </>
  )
}
