import { useEffect, useState } from 'preact/hooks'
import { Rich, useI18n } from '../../i18n'
import { age, clock, clockSeconds, drawNumber, money } from '../../i18n/format'
import type { ServerClock } from '../../live/clock'
import type { Link } from '../../live/feed'
import type { LiveView } from '../../live/fold'
import { CountdownFigure, Rail, useSecondsLeft, useSpokenCountdown } from '../../ui/countdown'
import { Icon } from '../../ui/icons'
import { Jackpot } from '../../ui/jackpot'
import { usesCents } from '../../ui/money'
import { Brand, Chip, LanguageSwitch } from '../../ui/parts'
import { type Stage, mainPrizeName, mainWinner, publishedAt, sealedDraw } from '../stage'

interface Props {
  view: LiveView
  stage: Stage
  link: Link
  clock: ServerClock
}

/** Always dark: the one number, since when it is known, and how long there is. */
export function Hero(props: Props) {
  const { raffle } = props.view
  const { t } = useI18n()
  return (
    <header class="hero" data-theme="dark">
      <div class="in">
        <div class="br">
          <Brand />
          <LanguageSwitch />
        </div>
        <div class="hx">
          <div class="h1w">
            <h1 tabIndex={-1}>{raffle.name}</h1>
            <p class="sm muted">{t.event_at(raffle.venue_name, raffle.organisation_name)}</p>
          </div>
          {props.stage === 'published' ? <WinnerFigure {...props} /> : <JackpotBlock {...props} />}
          <TimeBlock {...props} />
        </div>
      </div>
    </header>
  )
}

function JackpotBlock({ view, stage, link }: Props) {
  const { t } = useI18n()
  const { raffle, shown } = view
  if (stage === 'cancelled') return null
  const stale = stage !== 'soon' && (link.kind === 'stale' || link.kind === 'lost')
  return (
    <div class={`jp ${stale ? 'is-stale' : ''}`}>
      <p class="lab">{t.winner_takes(mainPrizeName(raffle) ?? t.jackpot)}</p>
      <Jackpot shown={shown} currency={raffle.currency} cents={usesCents(raffle)} class="J" />
      <AsOf view={view} stage={stage} link={link} />
      <VoidChip view={view} />
    </div>
  )
}

function AsOf({ view, stage, link }: { view: LiveView; stage: Stage; link: Link }) {
  const { t, locale } = useI18n()
  const [now, setNow] = useState(() => Date.now())
  const stale = link.kind === 'stale'
  useEffect(() => {
    if (!stale) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [stale])
  const time = clockSeconds(view.shown.as_of_ms, view.raffle.time_zone)
  const final = stage === 'counted' || stage === 'sealed'
  return (
    <p class="asof" data-confirmed={view.shown.as_of_ms}>
      <Icon name={link.kind === 'live' || final || stage === 'soon' ? 'check' : 'clock'} />
      <span>
        {final ? (
          t.final
        ) : stale ? (
          <Rich text={t.confirmed_stale(time, age(Math.max(now, link.heardMs) - link.heardMs, locale))} />
        ) : (
          <Rich text={link.kind === 'live' ? t.confirmed_live(time) : t.confirmed(time)} />
        )}
      </span>
    </p>
  )
}

const VOID_SHOWN_MS = 120_000

/** Money moved down only for a void, and it says so. */
function VoidChip({ view }: { view: LiveView }) {
  const { t, locale } = useI18n()
  const { notice, raffle } = view
  const [until, setUntil] = useState(0)
  useEffect(() => {
    if (notice === null) return
    setUntil(notice.at_ms)
    const timer = setTimeout(() => setUntil(0), VOID_SHOWN_MS)
    return () => clearTimeout(timer)
  }, [notice])
  if (notice?.at_ms !== until) return null
  return (
    <p class="voided">
      <Chip tone="warn" icon="down">
        {t.voided_notice(money(notice.minor, raffle.currency, locale), clock(notice.at_ms, raffle.time_zone))}
      </Chip>
    </p>
  )
}

function WinnerFigure({ view }: Props) {
  const { t, locale, at } = useI18n()
  const { raffle } = view
  const winner = mainWinner(raffle)
  const published = publishedAt(raffle)
  if (winner === null) return null
  return (
    <div class="jp">
      <p class="lab">{t.winning_number(winner.prize_name)}</p>
      <span class="fig J W" style={{ '--em': 6.2 }} data-winning-number={winner.number}>
        {drawNumber(winner.number)}
      </span>
      <p class="asof">
        <Icon name="check" />
        <span>
          {published === null ? (
            money(winner.value_minor, raffle.currency, locale)
          ) : (
            <Rich
              text={t.drawn_at(
                money(winner.value_minor, raffle.currency, locale),
                at(published, raffle.time_zone),
              )}
            />
          )}
        </span>
      </p>
    </div>
  )
}

function TimeBlock(props: Props) {
  const { t, at } = useI18n()
  const { raffle } = props.view
  const closes = at(raffle.closes_at_ms, raffle.time_zone)
  switch (props.stage) {
    case 'selling':
      return <Closing {...props} />
    case 'soon':
      return (
        <div class="cn">
          <p class="lab">{t.sales_open(at(raffle.sales_start_ms, raffle.time_zone))}</p>
        </div>
      )
    case 'published':
      return null
    case 'paused':
      return (
        <div class="cn">
          <Chip tone="warn" icon="pause">
            {t.paused_chip}
          </Chip>
        </div>
      )
    case 'cancelled':
      return (
        <div class="cn">
          <Chip tone="closed" icon="x">
            {t.cancelled_chip}
          </Chip>
        </div>
      )
    case 'sealed': {
      const sealed = sealedDraw(raffle)?.locked_at_ms
      return (
        <div class="cn">
          <Chip tone="sealed" icon="seal">
            {t.sealed_chip(clockSeconds(sealed ?? raffle.closes_at_ms, raffle.time_zone))}
          </Chip>
        </div>
      )
    }
    case 'closing':
    case 'counted':
      return (
        <div class="cn">
          <Chip tone="closed" icon="closed">
            {t.closed_chip(closes)}
          </Chip>
        </div>
      )
  }
}

function Closing({ view, clock: serverClock }: Props) {
  const { t, at } = useI18n()
  const { raffle } = view
  const seconds = useSecondsLeft(raffle.closes_at_ms, serverClock)
  useSpokenCountdown(seconds, true)
  if (seconds === 0) {
    return (
      <div class="cn">
        <Chip tone="closed" icon="closed">
          {t.closing_now}
        </Chip>
      </div>
    )
  }
  return (
    <div class={`cn ${seconds <= 60 ? 'last' : ''}`}>
      <p class="lab">{t.sales_close(at(raffle.closes_at_ms, raffle.time_zone))}</p>
      <CountdownFigure seconds={seconds} clock={serverClock} class="C" />
      <Rail seconds={seconds} />
    </div>
  )
}
