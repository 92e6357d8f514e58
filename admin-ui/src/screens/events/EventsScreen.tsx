import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { rafflesQuery } from '../../api/queries'
import type { AdminRaffleSummary } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { eventNumber } from '../../frame/EventFrame'
import { useFormat, useText } from '../../i18n'
import { clockText } from '../../live/clock'
import { useSecondsUntil } from '../../live/now'
import { navigate } from '../../router'
import { homeOfStatus, raffleLook } from '../../status/looks'
import { Button, ButtonLink } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { Icon } from '../../ui/Icon'
import { Empty, Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { NewEventDialog } from './NewEventDialog'
import './events.css'

function matches(raffle: AdminRaffleSummary, query: string): boolean {
  const wanted = query.trim().toLowerCase()
  return (
    wanted === '' ||
    eventNumber(raffle.event_number).includes(wanted) ||
    raffle.name.toLowerCase().includes(wanted) ||
    raffle.venue_name.toLowerCase().includes(wanted)
  )
}

function ClosesIn({ deadlineMs }: { deadlineMs: number }) {
  const text = useText()
  return <>{text.events.closesIn(clockText(useSecondsUntil(deadlineMs)))}</>
}

function EventRow({ raffle }: { raffle: AdminRaffleSummary }) {
  const text = useText()
  const format = useFormat()
  const selling = raffle.status === 'selling' || raffle.status === 'suspended'
  const opened = raffle.status !== 'draft' && raffle.status !== 'configured'
  const action = text.events.open[raffle.status]
  const when = raffle.sales_start_ms == null ? null : format.dayTime(raffle.sales_start_ms, raffle.time_zone)
  const under = () => {
    if (raffle.status === 'cancelled') return text.events.cancelled
    if (!opened) return text.events.notOpen
    if (selling && raffle.closes_at_ms != null) return <ClosesIn deadlineMs={raffle.closes_at_ms} />
    return text.events.sold(format.money(raffle.net_minor, raffle.currency))
  }
  return (
    <li className={selling ? 'ev selling' : 'ev'} data-mode={raffle.kind === 'test' ? 'test' : undefined}>
      <span className="num muted">{eventNumber(raffle.event_number)}</span>
      <div>
        <p className="b">{raffle.name}</p>
        <p className="xs muted">{[when, raffle.venue_name].filter(Boolean).join(' · ')}</p>
      </div>
      <div className="row wrap">
        <Chip {...raffleLook[raffle.status]}>{text.status.raffle[raffle.status]}</Chip>
        {raffle.kind === 'test' && (
          <Chip tone="test" icon="flask">
            {text.common.test}
          </Chip>
        )}
      </div>
      <div className="r">
        <p className="b num money" title={text.events.jackpot}>
          {opened ? format.money(raffle.jackpot_minor, raffle.currency) : '–'}
        </p>
        <p className="xs muted">{under()}</p>
      </div>
      <ButtonLink
        small
        tone={selling ? 'solid' : 'plain'}
        to={{ name: homeOfStatus[raffle.status], params: { raffleId: raffle.id } }}
        aria-label={`${action}: ${raffle.name}`}
      >
        {action}
      </ButtonLink>
    </li>
  )
}

export function EventsScreen({ creating }: { creating: boolean }) {
  const text = useText()
  const query = useInfiniteQuery(rafflesQuery)
  const [find, setFind] = useState('')
  const mayCreate = useCan('set_up')
  const down = useLinkReason()
  return (
    <div className="page events">
      <header className="hd">
        <PageTitle title={text.events.title} />
        <div className="row wrap">
          <label className="affix">
            <span className="vh">{text.events.find}</span>
            <Icon name="search" />
            <input
              className="input"
              type="search"
              placeholder={text.events.findHint}
              value={find}
              onChange={(event) => setFind(event.target.value)}
            />
          </label>
          {mayCreate && (
            <Button tone="next" icon="plus" reason={down} onClick={() => navigate({ name: 'newEvent' })}>
              {text.events.create}
            </Button>
          )}
        </div>
      </header>
      <Loaded query={query}>
        {(data) => {
          const all = data.pages.flatMap((page) => page.items)
          const shown = all.filter((raffle) => matches(raffle, find))
          if (all.length === 0)
            return (
              <Empty icon="ticket" title={text.events.empty}>
                {text.events.emptyHint}
              </Empty>
            )
          return (
            <>
              {shown.length === 0 ? (
                <p className="muted" role="status">
                  {text.events.noMatch(find.trim())}
                </p>
              ) : (
                <ol className="list">
                  {shown.map((raffle) => (
                    <EventRow raffle={raffle} key={raffle.id} />
                  ))}
                </ol>
              )}
              {query.hasNextPage && (
                <p className="foot">
                  <Button small busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                    {text.common.more}
                  </Button>
                </p>
              )}
              <p className="xs muted foot">{text.events.gapless}</p>
            </>
          )
        }}
      </Loaded>
      {creating && mayCreate && (
        <NewEventDialog onClose={() => navigate({ name: 'events' }, { replace: true })} />
      )}
    </div>
  )
}
