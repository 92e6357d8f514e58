import './ticket.css'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type RaffleView, type Ticket, type TicketCheck, get } from '../../api/client'
import { Rich, useI18n } from '../../i18n'
import { clockSeconds, drawNumber, validationNumber } from '../../i18n/format'
import { eventPath, useShown } from '../../router'
import { useLive, useServices } from '../../services'
import { useAnnounce } from '../../ui/announcer'
import { Icon } from '../../ui/icons'
import { Money } from '../../ui/money'
import { Brand, Chip, LinkBar, Notice, Seal, Skeleton, TestBar, useTestMode } from '../../ui/parts'
import { FindForm } from '../event/find'
import { allWinners, publishedDraws, sealedDraw } from '../stage'
import { type Outcome, outcomeOf } from './outcome'
import { TicketPaper } from './paper'

const RETRY_MS = 4000
/** Thousands of ticket pages hear of the result in the same instant; they ask about their own ticket one by one. */
const SPREAD_MS = 4000

export function TicketScreen({ validation }: { validation: string }) {
  const { t } = useI18n()
  const number = validationNumber(validation)
  const { ticket, check, state, recheck } = useTicket(number)
  const live = useLive(ticket?.raffle_id ?? '')
  const raffle = live.view?.raffle ?? null
  const published = raffle === null ? 0 : publishedDraws(raffle).length
  const seen = useRef(published)
  useEffect(() => {
    if (published === seen.current) return
    seen.current = published
    const timer = setTimeout(recheck, Math.random() * SPREAD_MS)
    return () => clearTimeout(timer)
  }, [published, recheck])

  useShown(state !== 'loading', ticket === null ? t.ticket_title : `${t.ticket_title} · ${ticket.event_name}`)
  useTestMode(ticket?.test === true)

  if (ticket === null) {
    return (
      <>
        <TopBar ticket={null} />
        <main class="tk" id="main">
          {state === 'loading' ? (
            <Skeleton lines={6} />
          ) : state === 'unknown' ? (
            <>
              <section class="res">
                <h1 tabIndex={-1}>{t.ticket_unknown}</h1>
                <p>{t.ticket_unknown_text}</p>
              </section>
              <FindForm />
              <p>
                <a class="linklike" href="/">
                  {t.home}
                </a>
              </p>
            </>
          ) : (
            <section class="res" role="alert">
              <h1 tabIndex={-1}>{t.load_failed}</h1>
              <p>{t.load_failed_text}</p>
              <p>
                <button type="button" class="btn" onClick={recheck}>
                  {t.try_again}
                </button>
              </p>
            </section>
          )}
        </main>
      </>
    )
  }

  const outcome = outcomeOf(ticket, check, raffle)
  const current = check?.ticket ?? ticket
  const hits = outcome.kind === 'won' ? outcome.prizes.map((prize) => prize.number) : []
  const confirmed = live.view === null ? null : clockSeconds(live.view.shown.as_of_ms, current.time_zone)
  return (
    <>
      {current.test && <TestBar text={t.test_bar} />}
      {state === 'offline' ? (
        <div class="linkbar" role="status">
          <Icon name="nowifi" />
          {t.ticket_offline}
        </div>
      ) : (
        <LinkBar link={live.link} confirmed={confirmed} />
      )}
      <TopBar ticket={current} />
      <main class="tk" id="main">
        <Verdict ticket={current} outcome={outcome} raffle={raffle} />
        {current.state === 'misprinted' && (
          <Notice tone="warn" icon="alert">
            <b>{t.ticket_misprinted}.</b> {t.ticket_misprinted_text}
          </Notice>
        )}
        <TicketPaper ticket={current} hits={hits} />
        {raffle !== null && <SealOf raffle={raffle} />}
        <p>
          <a class="btn" href={eventPath(current.raffle_id)}>
            {t.to_event}
          </a>
        </p>
      </main>
    </>
  )
}

type LoadState = 'loading' | 'ready' | 'offline' | 'unknown' | 'failed'

/** The ticket as the server knows it, or the copy on this phone where there is no line. */
function useTicket(number: string | null) {
  const { purchases } = useServices()
  const stored = useMemo(() => (number === null ? null : purchases.store.ticket(number)), [number, purchases])
  const [check, setCheck] = useState<TicketCheck | null>(null)
  const [state, setState] = useState<LoadState>(number === null ? 'unknown' : 'loading')
  const [turn, setTurn] = useState(0)
  const recheck = useMemo(() => () => setTurn((n) => n + 1), [])
  useEffect(() => {
    if (number === null) return
    let timer: ReturnType<typeof setTimeout>
    let gone = false
    const load = async () => {
      const result = await get('/api/v1/tickets/{id}/validate', { path: { id: number } })
      if (gone) return
      if (result.kind === 'ok') {
        setCheck(result.body)
        setState('ready')
      } else if (result.kind === 'problem' && (result.status === 404 || result.status === 422)) {
        setState(stored === null ? 'unknown' : 'ready')
      } else {
        setState(stored === null ? 'failed' : 'offline')
        timer = setTimeout(() => void load(), RETRY_MS * (0.75 + Math.random() / 2))
      }
    }
    void load()
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [number, stored, turn])
  const ticket: Ticket | null = check?.ticket ?? stored
  return {
    ticket,
    check,
    state: state === 'loading' && stored !== null ? ('ready' as const) : state,
    recheck,
  }
}

function Verdict({
  ticket,
  outcome,
  raffle,
}: {
  ticket: Ticket
  outcome: Outcome
  raffle: RaffleView | null
}) {
  const { t, numbers, at } = useI18n()
  const announce = useAnnounce()
  const before = useRef(outcome.kind)
  useEffect(() => {
    if (before.current === outcome.kind) return
    before.current = outcome.kind
    if (outcome.kind === 'won') announce(t.ticket_won)
    if (outcome.kind === 'lost') announce(t.ticket_lost)
  })
  switch (outcome.kind) {
    case 'won':
      return <Won ticket={ticket} prizes={outcome.prizes} raffle={raffle} />
    case 'lost': {
      const drawn = raffle === null ? [] : allWinners(raffle)
      return (
        <section class="res" data-outcome="lost">
          <h1 tabIndex={-1}>{t.ticket_lost}</h1>
          <p>{t.ticket_lost_text(ticket.numbers_count, numbers(ticket.numbers_count))}</p>
          {drawn.length > 0 && drawn.length <= 12 && (
            <p class="xs muted num wrapnum">
              {t.ticket_drawn(drawn.map((w) => drawNumber(w.number)).join(' · '))}
            </p>
          )}
        </section>
      )
    }
    case 'voided':
      return (
        <section class="res" data-outcome="voided">
          <h1 tabIndex={-1}>{t.ticket_voided}</h1>
          <p>{t.ticket_voided_text}</p>
          {ticket.void_reason !== null && <p class="muted">{t.reason(ticket.void_reason)}</p>}
        </section>
      )
    case 'cancelled':
      return (
        <section class="res" data-outcome="cancelled">
          <h1 tabIndex={-1}>{t.cancelled_title}</h1>
          <p>{t.ticket_cancelled_text}</p>
          {raffle?.cancelled_reason != null && <p class="muted">{t.reason(raffle.cancelled_reason)}</p>}
        </section>
      )
    case 'pending':
      return (
        <section class="res" data-outcome="pending">
          <h1 tabIndex={-1}>{t.ticket_in}</h1>
          <p>
            {outcome.stage === 'sealed'
              ? t.ticket_in_sealed
              : raffle !== null && (outcome.stage === 'selling' || outcome.stage === 'paused')
                ? t.ticket_in_selling(at(raffle.closes_at_ms, raffle.time_zone))
                : t.ticket_in_closed}
          </p>
        </section>
      )
  }
}

function Won(props: {
  ticket: Ticket
  prizes: (Outcome & { kind: 'won' })['prizes']
  raffle: RaffleView | null
}) {
  const { t } = useI18n()
  const { ticket, prizes, raffle } = props
  return (
    <section class="res won" data-outcome="won">
      <p class="lab">{prizes.map((prize) => prize.prize_name).join(' + ')}</p>
      <h1 tabIndex={-1}>{t.ticket_won}</h1>
      {prizes.map(
        (prize) =>
          prize.value_minor !== null && (
            <Money key={prize.number} minor={prize.value_minor} currency={ticket.currency} class="W" />
          ),
      )}
      <p>
        <Rich text={t.ticket_won_numbers(prizes.map((prize) => drawNumber(prize.number)).join(', '))} />
      </p>
      <ol>
        {t.ticket_won_steps(ticket.organisation_name, raffle?.venue_name ?? ticket.location).map((step) => (
          <li key={step}>
            <Rich text={step} />
          </li>
        ))}
      </ol>
    </section>
  )
}

function SealOf({ raffle }: { raffle: RaffleView }) {
  const { t, n } = useI18n()
  const draw = sealedDraw(raffle) ?? publishedDraws(raffle).at(-1)
  if (draw?.lock_hash == null) return null
  return (
    <section class="sec led" aria-labelledby="seal-h">
      <header>
        <h2 id="seal-h">{t.seal}</h2>
        {draw.locked_at_ms !== null && (
          <Chip tone="sealed" icon="seal">
            {t.sealed_chip(clockSeconds(draw.locked_at_ms, raffle.time_zone))}
          </Chip>
        )}
      </header>
      {draw.sold_count !== null && (
        <p>
          <Rich text={t.seal_text(n(draw.sold_count))} />
        </p>
      )}
      <Seal hash={draw.lock_hash} />
      <p class="xs muted">{t.seal_same}</p>
    </section>
  )
}

function TopBar({ ticket }: { ticket: Ticket | null }) {
  const { t } = useI18n()
  const [copied, setCopied] = useState(false)
  const keep = () => {
    const url = location.href
    if ('share' in navigator) void navigator.share({ url, title: document.title }).catch(() => undefined)
    else
      void (navigator as Navigator).clipboard.writeText(url).then(
        () => setCopied(true),
        () => undefined,
      )
  }
  const can = 'share' in navigator || 'clipboard' in navigator
  return (
    <header class="tp">
      <Brand />
      {ticket !== null && can && (
        <button type="button" class="btn small" onClick={keep}>
          <Icon name="share" />
          {t.keep_copy}
        </button>
      )}
      <p role="status" class={copied ? 'xs copied' : 'vh'}>
        {copied ? t.copied : ''}
      </p>
    </header>
  )
}
