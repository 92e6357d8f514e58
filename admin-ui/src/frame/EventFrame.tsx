/** The frame of one event: run of show on top, its bars, its live connection. */
import { useEffect, useRef, type ReactNode } from 'react'
import { ApiError } from '../api/problem'
import type { RaffleAdmin } from '../api/types'
import { useFormat, useText } from '../i18n'
import { isDown, LiveRaffleProvider, useLink, useLiveRaffle } from '../live/LiveRaffle'
import type { LiveRaffle } from '../live/fold'
import { Link, useRoute } from '../router'
import { NotFoundScreen } from '../screens/events/NotFoundScreen'
import { stepNames, stepReachable, stepState } from '../status/steps'
import { announce, announceFault } from '../ui/announce'
import { Icon, type IconName } from '../ui/Icon'
import { Loaded } from '../ui/Loaded'
import { LinkBar, LinkChip, ServerTime, TopBar } from './TopBar'
import { stepReason } from './stepReason'
import { useCurrentInView } from './useCurrentInView'

export const eventNumber = (number: number): string => String(number).padStart(4, '0')

const stateIcon: Record<ReturnType<typeof stepState>, IconName> = { done: 'check', now: 'dot', later: 'lock' }

function RunOfShow({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const route = useRoute()
  const nav = useRef<HTMLElement>(null)
  useCurrentInView(nav, route?.name)
  return (
    <nav className="show" aria-label={text.frame.show} ref={nav}>
      <ol>
        {stepNames.map((step) => {
          const state = stepState(step, raffle)
          const here = route?.name === step
          const reachable = stepReachable(step, raffle)
          const label = (
            <>
              <Icon name={reachable && state === 'later' ? 'ring' : stateIcon[state]} />
              {text.steps[step]}
              <span className="vh"> ({text.stepState[state]})</span>
            </>
          )
          return (
            <li key={step}>
              {reachable ? (
                <Link
                  to={{ name: step, params: { raffleId: raffle.id } }}
                  aria-current={here ? 'step' : undefined}
                >
                  {label}
                </Link>
              ) : (
                <>
                  {/* A link without an address: it can be reached and read, and leads nowhere yet. */}
                  <a role="link" tabIndex={0} aria-disabled="true" aria-describedby={`locked-${step}`}>
                    {label}
                  </a>
                  <span className="locktip" id={`locked-${step}`}>
                    {stepReason(step, raffle, text)}
                  </span>
                </>
              )}
            </li>
          )
        })}
      </ol>
    </nav>
  )
}

function EventBars({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  return (
    <>
      <LinkBar timeZone={raffle.time_zone} />
      {raffle.status === 'suspended' && (
        <div className="bar warn">
          <Icon name="pause" />
          {text.frame.suspendedBar(raffle.suspended_reason ?? '')}
        </div>
      )}
      {raffle.status === 'cancelled' && (
        <div className="bar closed">
          <Icon name="x" />
          {text.frame.cancelledBar(raffle.cancelled_reason ?? '')}
        </div>
      )}
    </>
  )
}

/** Speaks what changed without anybody having pressed something. */
function useEventVoice(live: LiveRaffle | undefined): void {
  const text = useText()
  const format = useFormat()
  const link = useLink()
  const down = isDown(link)
  const status = live?.raffle.status
  const newest = live?.recent[0]
  const currency = live?.raffle.currency
  const timeZone = live?.raffle.time_zone
  const wasDown = useRef(down)
  const wasStatus = useRef(status)
  useEffect(() => {
    if (down && !wasDown.current) announceFault(text.link.lost)
    if (!down && wasDown.current) announce(text.link.back)
    wasDown.current = down
  }, [down, text])
  useEffect(() => {
    if (status && wasStatus.current && status !== wasStatus.current) announce(text.status.raffle[status])
    wasStatus.current = status
  }, [status, text])
  useEffect(() => {
    if (newest?.kind === 'voided' && currency && timeZone)
      announce(
        text.board.voided(
          format.money(newest.data.amount_minor, currency),
          format.time(newest.at_ms, timeZone),
        ),
      )
  }, [newest, currency, timeZone, text, format])
}

function Framed({ raffleId, children }: { raffleId: string; children: (live: LiveRaffle) => ReactNode }) {
  const text = useText()
  const query = useLiveRaffle(raffleId)
  const raffle = query.data?.raffle
  const test = raffle?.kind === 'test'
  const missing =
    raffle === undefined &&
    query.error instanceof ApiError &&
    (query.error.status === 404 || query.error.status === 422)
  useEventVoice(query.data)
  useEffect(() => {
    const root = document.documentElement
    if (test) root.dataset['mode'] = 'test'
    return () => {
      delete root.dataset['mode']
    }
  }, [test])
  return (
    <>
      <header className="head">
        {test && (
          <div className="bar test">
            <Icon name="flask" />
            {text.frame.testBar}
          </div>
        )}
        <TopBar
          raffleId={raffleId}
          end={
            raffle && (
              <>
                <LinkChip />
                <ServerTime timeZone={raffle.time_zone} />
              </>
            )
          }
        >
          <div className="evt">
            {raffle && (
              <>
                <b>{raffle.name}</b>
                <span>
                  {[text.frame.event(eventNumber(raffle.event_number)), raffle.venue_name]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
              </>
            )}
          </div>
          {raffle && <RunOfShow raffle={raffle} />}
        </TopBar>
        {raffle && <EventBars raffle={raffle} />}
      </header>
      <main id="content" tabIndex={-1}>
        {query.data ? (
          children(query.data)
        ) : missing ? (
          <NotFoundScreen title={text.frame.noEvent} />
        ) : (
          <div className="page">
            <h1 className="vh">{text.live.loading}</h1>
            <Loaded query={query}>{() => null}</Loaded>
          </div>
        )}
      </main>
    </>
  )
}

export function EventFrame({
  raffleId,
  children,
}: {
  raffleId: string
  children: (live: LiveRaffle) => ReactNode
}) {
  return (
    <LiveRaffleProvider raffleId={raffleId} key={raffleId}>
      <Framed raffleId={raffleId}>{children}</Framed>
    </LiveRaffleProvider>
  )
}
