import { useEffect, useRef } from 'preact/hooks'
import type { RaffleView } from '../../api/client'
import { useI18n } from '../../i18n'
import { clockSeconds, drawNumber, eventNumber, money } from '../../i18n/format'
import type { LiveView } from '../../live/fold'
import { displayPath, useShown } from '../../router'
import { type Live, useLive, useOrders } from '../../services'
import { useAnnounce } from '../../ui/announcer'
import { useSecondsLeft } from '../../ui/countdown'
import { Icon } from '../../ui/icons'
import { LinkBar, Skeleton, TestBar, useTestMode } from '../../ui/parts'
import { Missing } from '../missing'
import { type Stage, mainWinner, stageOf } from '../stage'
import { BuyPanel } from './buy'
import { DrawSection } from './draw'
import { FindTicket } from './find'
import { Hero } from './hero'
import { MyTickets } from './mine'
import { Prizes } from './prizes'

export function EventScreen({ id }: { id: string }) {
  const live = useLive(id)
  const { t, locale } = useI18n()
  const raffle = live.view?.raffle
  const title =
    raffle === undefined
      ? t.not_found
      : `${raffle.name} · ${money(raffle.jackpot.value_minor, raffle.currency, locale)}`
  useShown(raffle !== undefined || live.problem !== null, title)
  useTestMode(raffle?.kind === 'test')
  if (live.view === null) {
    if (live.problem !== null) return <Missing problem={live.problem} />
    return (
      <>
        <div class="hero" data-theme="dark">
          <div class="in">
            <Skeleton lines={3} />
          </div>
        </div>
        <main class="in two" id="main">
          <Skeleton lines={5} />
        </main>
      </>
    )
  }
  return <LiveEvent {...live} view={live.view} />
}

function LiveEvent({ view, link, clock, refresh }: Live & { view: LiveView }) {
  const { t } = useI18n()
  const { raffle } = view
  const stage = stageOf(raffle)
  const orders = useOrders(raffle.id)
  const over = useSecondsLeft(raffle.closes_at_ms, clock) === 0
  useSpokenResult(raffle, stage)
  const draws = <DrawSection raffle={raffle} orders={orders} />
  return (
    <>
      {raffle.kind === 'test' && <TestBar text={t.test_bar} />}
      {stage !== 'soon' && (
        <LinkBar link={link} confirmed={clockSeconds(view.shown.as_of_ms, raffle.time_zone)} />
      )}
      <Hero view={view} stage={stage} link={link} clock={clock} />
      <main class="in two" id="main">
        <div class="rest">
          {stage === 'selling' ? (
            <BuyPanel raffle={raffle} over={over} link={link} orders={orders} refresh={refresh} />
          ) : (
            <>
              <StageNote raffle={raffle} stage={stage} />
              {stage !== 'cancelled' && draws}
            </>
          )}
        </div>
        <div class="rest">
          <div>
            {(orders.length > 0 || stage === 'selling') && (
              <MyTickets orders={orders} timeZone={raffle.time_zone} />
            )}
            <FindTicket folded />
          </div>
          {stage === 'selling' && draws}
          {stage !== 'cancelled' && <Prizes raffle={raffle} />}
          <Footer raffle={raffle} lines={stage !== 'selling'} />
        </div>
      </main>
    </>
  )
}

/** What there is to know while nothing can be bought. */
function StageNote({ raffle, stage }: { raffle: RaffleView; stage: Stage }) {
  const { t, at } = useI18n()
  const opens = at(raffle.sales_start_ms, raffle.time_zone)
  const notes: Record<Stage, { title: string; text: string; reason: string | null } | null> = {
    soon: { title: t.soon_title, text: t.soon_text(opens), reason: null },
    paused: { title: t.paused_title, text: t.paused_text, reason: raffle.suspended_reason },
    closing: { title: t.closing_title, text: t.closing_text, reason: null },
    counted: { title: t.closing_title, text: t.counted_text, reason: null },
    cancelled: { title: t.cancelled_title, text: t.cancelled_text, reason: raffle.cancelled_reason },
    selling: null,
    sealed: null,
    published: null,
  }
  const note = notes[stage]
  if (note === null) return null
  return (
    <section class="stage-note" data-stage={stage}>
      <h2>{note.title}</h2>
      <p>{note.text}</p>
      {note.reason !== null && note.reason !== '' && <p class="muted">{t.reason(note.reason)}</p>}
    </section>
  )
}

/** The result, and the seal before it, are spoken once when they arrive while the page is open. */
function useSpokenResult(raffle: RaffleView, stage: Stage): void {
  const { t } = useI18n()
  const announce = useAnnounce()
  const before = useRef(stage)
  useEffect(() => {
    if (before.current === stage) return
    before.current = stage
    const winner = mainWinner(raffle)
    if (stage === 'sealed') announce(t.announce_sealed)
    if (stage === 'published' && winner !== null) {
      announce(t.announce_published(winner.prize_name, drawNumber(winner.number)))
    }
  })
}

/** The event's lines stand beside the button while there is one. */
function Footer({ raffle, lines }: { raffle: RaffleView; lines: boolean }) {
  const { t } = useI18n()
  const number = eventNumber(raffle.event_number)
  return (
    <footer class="foot xs muted">
      <p>
        {raffle.licence === null
          ? t.event_line(raffle.organisation_name, number)
          : t.event_line_licence(raffle.organisation_name, raffle.licence, number)}
      </p>
      {lines && raffle.ticket_lines.map((line) => <p key={line}>{line}</p>)}
      <p>
        <a class="tap" href={displayPath(raffle.id)} target="_blank">
          <Icon name="screen" /> {t.to_display}
        </a>
      </p>
    </footer>
  )
}
