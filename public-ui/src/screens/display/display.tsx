import './display.css'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RaffleView, Winner } from '../../api/client'
import { Rich, useI18n } from '../../i18n'
import { clockSeconds, days, drawNumber, fours, money } from '../../i18n/format'
import type { ServerClock } from '../../live/clock'
import { countdownText, railTicks } from '../../live/countdown'
import type { Link } from '../../live/feed'
import type { LiveView } from '../../live/fold'
import { eventPath, useShown } from '../../router'
import { useLive } from '../../services'
import { useAnnounce } from '../../ui/announcer'
import { Rail } from '../../ui/countdown'
import { Icon, Mark } from '../../ui/icons'
import { Jackpot } from '../../ui/jackpot'
import { Money, usesCents } from '../../ui/money'
import { Skeleton, TestBar, useTestMode } from '../../ui/parts'
import { Qr } from '../../ui/qr-code'
import { Missing } from '../missing'
import { mainPrizeName, stageOf } from '../stage'
import { digitsAt, digitsOf } from './reveal'
import { type Scene, sceneOf } from './scene'

export function DisplayScreen({ id }: { id: string }) {
  const live = useLive(id)
  const { t } = useI18n()
  const raffle = live.view?.raffle
  useShown(raffle !== undefined || live.problem !== null, `${t.display_title} · ${raffle?.name ?? ''}`)
  useTestMode(raffle?.kind === 'test')
  useDarkPage()
  useWakeLock()
  const awake = usePointer()
  if (live.view === null)
    return live.problem === 'not_found' ? <Missing problem="not_found" /> : <Skeleton lines={3} />
  return (
    <div class={`display ${awake ? 'awake' : ''}`}>
      {live.view.raffle.kind === 'test' && <TestBar text={t.test_bar_display} />}
      <Stage view={live.view} link={live.link} clock={live.clock} />
      {awake && document.fullscreenEnabled && (
        <button type="button" class="btn full" onClick={() => void toggleFullScreen()}>
          <Icon name="screen" />
          {t.display_full}
        </button>
      )}
    </div>
  )
}

interface Props {
  view: LiveView
  link: Link
  clock: ServerClock
}

function Stage({ view, link, clock: serverClock }: Props) {
  const { t } = useI18n()
  const announce = useAnnounce()
  const lostForMs = useLostFor(link)
  const [now, setNow] = useState(() => serverClock.now())
  const scene = sceneOf(view.raffle, link, now, lostForMs)
  const fast = scene.kind === 'reveal'
  useEffect(() => {
    const timer = setInterval(() => setNow(serverClock.now()), fast ? 60 : 200)
    return () => clearInterval(timer)
  }, [serverClock, fast])

  // Heard once, whole, and only when the last digit stands.
  const said = useRef('')
  useEffect(() => {
    if (scene.kind !== 'winner') return
    const text = t.announce_published(scene.winner.prize_name, drawNumber(scene.winner.number))
    if (said.current !== text) announce(text)
    said.current = text
  })

  return (
    <main id="main" data-scene={scene.kind}>
      <h1 class="vh" tabIndex={-1}>
        {view.raffle.name}
      </h1>
      <SceneView scene={scene} view={view} link={link} />
    </main>
  )
}

function SceneView({ scene, view, link }: { scene: Scene; view: LiveView; link: Link }) {
  const { t, n, locale } = useI18n()
  const { raffle, shown } = view
  const confirmed = t.confirmed_short(clockSeconds(shown.as_of_ms, raffle.time_zone))
  const right = link.kind === 'lost' && stageOf(raffle) !== 'soon' ? t.reconnecting : confirmed
  const prize = mainPrizeName(raffle) ?? t.jackpot
  const jackpot = <Jackpot shown={shown} currency={raffle.currency} cents={usesCents(raffle)} />
  switch (scene.kind) {
    case 'jackpot':
      return (
        <Frame name="jackpot" middle={licence(raffle)} right={right}>
          <div class="top">
            <p>{prize}</p>
            <p class="m">{t.winner_takes_short}</p>
          </div>
          <div class="big">{jackpot}</div>
          <div class="low">
            <div class="cd">
              <p>{t.sales_close_soon}</p>
              <p class="fig" role="timer">
                <Left seconds={scene.seconds} />
              </p>
            </div>
            <div class="scan">
              <p>{raffle.online_sales ? t.buy_or_scan : t.buy_vest}</p>
              <EventQr raffle={raffle} />
            </div>
          </div>
          <Rail seconds={scene.seconds} class="edge" />
        </Frame>
      )
    case 'lost':
      return (
        <Frame name="lost" middle={licence(raffle)} right={t.reconnecting}>
          <div class="top">
            <p>{prize}</p>
          </div>
          <div class="big">{jackpot}</div>
          <p class="age">{t.last_confirmed(clockSeconds(shown.as_of_ms, raffle.time_zone))}</p>
        </Frame>
      )
    case 'countdown':
      return (
        <Frame name="countdown" middle={t.after_zero} right={right}>
          <div class="cr">
            <Ring seconds={scene.seconds} />
            <p class="fig" role="timer">
              {scene.seconds}
            </p>
          </div>
          <div class="ct">
            <p class="h">{t.last_call}</p>
            <p class="s">{t.closes_exactly(clockSeconds(raffle.closes_at_ms, raffle.time_zone))}</p>
            <p class="l">{t.jackpot_now}</p>
            <div class="j">{jackpot}</div>
          </div>
        </Frame>
      )
    case 'note':
      return <Note scene={scene} raffle={raffle} jackpot={jackpot} prize={prize} right={right} />
    case 'sealed':
      return (
        <Frame
          name="sealed"
          middle={t.grade_footer(scene.draw.grade)}
          right={`${t.jackpot} ${money(shown.minor, raffle.currency, locale)}`}
        >
          <div class="sl">
            <p class="h">
              <Icon name="seal" />
              {t.seal_title}
            </p>
            {scene.draw.sold_count !== null && (
              <p class="s">
                <Rich text={t.seal_text(n(scene.draw.sold_count))} />
              </p>
            )}
            <p class="sx">
              {fours(scene.draw.lock_hash ?? '').map((group, i) => (
                <span key={i}>{group} </span>
              ))}
            </p>
            {scene.draw.locked_at_ms !== null && (
              <p class="t">{t.sealed_at(clockSeconds(scene.draw.locked_at_ms, raffle.time_zone))}</p>
            )}
          </div>
          <div class="sq">
            <EventQr raffle={raffle} />
            <p>{t.compare_seal}</p>
          </div>
        </Frame>
      )
    case 'reveal':
      return (
        <Frame name="reveal" middle={t.have_ticket} right={gradeOf(raffle, t.grade_footer)}>
          <div class="top">
            <p class="m">{scene.total > 1 ? t.prize_of(scene.index, scene.total) : ''}</p>
            <p class="n">{scene.winner.prize_name}</p>
            <Money minor={scene.winner.value_minor} currency={raffle.currency} class="pz" />
          </div>
          <Digits number={scene.winner.number} intoMs={scene.intoMs} />
        </Frame>
      )
    case 'winner':
      return (
        <Frame
          name="winner"
          middle={publishedTime(raffle, t.published_at)}
          right={t.thank_you(raffle.organisation_name)}
        >
          <div class="top">
            <p>{t.winner_of(scene.winner.prize_name)}</p>
          </div>
          <p
            class="wn fig"
            style={{ '--em': digitsOf(scene.winner.number).length * 0.78 }}
            data-winner={scene.winner.number}
          >
            {drawNumber(scene.winner.number)}
          </p>
          <div class="wl">
            <Money minor={scene.winner.value_minor} currency={raffle.currency} class="pz" />
            <div class="cl">
              <p>
                <b>{t.check_ticket}</b>
              </p>
              <p>{t.check_ticket_text}</p>
            </div>
            <div class="scan">
              <EventQr raffle={raffle} />
              <p>{t.see_record}</p>
            </div>
          </div>
        </Frame>
      )
    case 'winners':
      return <Winners scene={scene} raffle={raffle} />
  }
}

function Note(props: {
  scene: Scene & { kind: 'note' }
  raffle: RaffleView
  jackpot: ComponentChildren
  prize: string
  right: string
}) {
  const { t, at } = useI18n()
  const { raffle } = props
  const opens = t.opens_title(at(raffle.sales_start_ms, raffle.time_zone))
  const closes = t.closed_chip(at(raffle.closes_at_ms, raffle.time_zone))
  const words: Record<typeof props.scene.stage, { title: string; text: string; money: boolean }> = {
    soon: { title: opens, text: raffle.name, money: true },
    paused: { title: t.paused_title, text: raffle.suspended_reason ?? '', money: true },
    closing: { title: t.closed_title, text: t.counting, money: true },
    counted: { title: t.closed_title, text: t.counted, money: true },
    cancelled: { title: t.cancelled_title, text: t.cancelled_text, money: false },
  }
  const { title, text, money: withMoney } = words[props.scene.stage]
  return (
    <Frame name="note" middle={licence(raffle)} right={props.right}>
      <div class="top">
        <p>{withMoney ? props.prize : raffle.name}</p>
        {withMoney && <p class="m">{props.scene.stage === 'counted' ? t.final : t.winner_takes_short}</p>}
      </div>
      <div class="big">{withMoney && props.jackpot}</div>
      <div class="low">
        <div class="cd">
          <p class="h">{title}</p>
          <p>{text}</p>
        </div>
        <div class="scan">
          <p>{props.scene.stage === 'closing' || props.scene.stage === 'counted' ? closes : t.scan_follow}</p>
          <EventQr raffle={raffle} />
        </div>
      </div>
    </Frame>
  )
}

function Winners({ scene, raffle }: { scene: Scene & { kind: 'winners' }; raffle: RaffleView }) {
  const { t, n, locale } = useI18n()
  const first = scene.winners[0]
  const value = (winner: Winner) => money(winner.value_minor, raffle.currency, locale)
  const total = scene.onePrize ? countOf(raffle, first) : 0
  return (
    <Frame name="winners" middle={t.check_ticket} right={t.thank_you(raffle.organisation_name)}>
      <div class="top">
        <p>
          {scene.onePrize && first !== undefined
            ? t.winners_of(first.prize_name, n(total), value(first))
            : t.winners_title}
        </p>
      </div>
      <ul class={`wg ${scene.onePrize ? '' : 'named'} ${scene.winners.length <= 6 ? 'few' : ''}`}>
        {scene.winners.map((winner) => (
          <li key={`${winner.prize_id}.${winner.position}`} data-winner={winner.number}>
            {!scene.onePrize && (
              <span class="pn">
                {winner.prize_name} <span class="m">{value(winner)}</span>
              </span>
            )}
            <span class="fig">{drawNumber(winner.number)}</span>
          </li>
        ))}
      </ul>
    </Frame>
  )
}

function countOf(raffle: RaffleView, winner: Winner | undefined): number {
  const same = raffle.draws
    .flatMap((draw) => draw.winners ?? [])
    .filter((w) => w.prize_id === winner?.prize_id)
  return same.length
}

function Frame(props: { name: string; middle: string; right: string; children: ComponentChildren }) {
  return (
    <section class={`scene ${props.name}`} key={props.name}>
      <div class="body">{props.children}</div>
      <footer>
        <span class="bm">
          <Mark />
          <span>Drumroll</span>
        </span>
        <span>{props.middle}</span>
        <span>{props.right}</span>
      </footer>
    </section>
  )
}

function Left({ seconds }: { seconds: number }) {
  const { locale } = useI18n()
  const text = countdownText(seconds)
  return <>{text.kind === 'clock' ? text.text : days(text.days, locale)}</>
}

/** The tick rail bent to a ring for the last minute. */
function Ring({ seconds }: { seconds: number }) {
  const on = railTicks(seconds)
  return (
    <svg viewBox="0 0 1000 1000" aria-hidden="true">
      {Array.from({ length: 60 }, (_, i) => (
        <line
          key={i}
          x1="500"
          y1="22"
          x2="500"
          y2={i < on ? '104' : '62'}
          transform={`rotate(${i * 6} 500 500)`}
          class={i < on ? 'on' : ''}
        />
      ))}
    </svg>
  )
}

/** Digits settle one after the other, left to right. The number is durable long before the first one shows. */
function Digits({ number, intoMs }: { number: number; intoMs: number }) {
  const { t } = useI18n()
  const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches
  const text = digitsOf(number)
  const { settled, progress } = reduced ? { settled: text.length, progress: 0 } : digitsAt(number, intoMs)
  const told = text.slice(0, settled)
  const left = text.length - settled
  return (
    <div
      class="dig"
      role="img"
      style={{ '--n': text.length }}
      aria-label={left === 0 ? drawNumber(number) : t.digits_to_come(Array.from(told).join(', '), left)}
    >
      {Array.from(text, (digit, i) => {
        const state = i < settled ? 'set' : i === settled ? 'now' : 'w'
        const gap = i > 0 && (text.length - i) % 3 === 0
        return (
          <span key={i} class={`d ${state} ${gap ? 'gap' : ''}`}>
            {state === 'set' && <i>{digit}</i>}
            {state === 'now' && <b class="ticks" style={{ '--v': Math.round(progress * 100) }} />}
          </span>
        )
      })}
    </div>
  )
}

function EventQr({ raffle }: { raffle: RaffleView }) {
  const { t } = useI18n()
  return <Qr text={location.origin + eventPath(raffle.id)} label={t.qr_event} />
}

function licence(raffle: RaffleView): string {
  return [raffle.organisation_name, raffle.licence].filter(Boolean).join(' · ')
}

function gradeOf(raffle: RaffleView, words: (grade: string) => string): string {
  const draw = raffle.draws.findLast((d) => d.winners !== null)
  return draw === undefined ? '' : words(draw.grade)
}

function publishedTime(raffle: RaffleView, words: (time: string) => string): string {
  const at = raffle.draws.reduce((latest, draw) => Math.max(latest, draw.published_at_ms ?? 0), 0)
  return at === 0 || stageOf(raffle) !== 'published' ? '' : words(clockSeconds(at, raffle.time_zone))
}

function useLostFor(link: Link): number {
  const [since, setSince] = useState<number | null>(null)
  const lost = link.kind === 'lost'
  useEffect(() => setSince(lost ? Date.now() : null), [lost])
  return since === null ? 0 : Date.now() - since
}

/** The wall is always dark. */
function useDarkPage(): void {
  useEffect(() => {
    document.documentElement.dataset.theme = 'dark'
    document.documentElement.dataset.wall = ''
    return () => {
      delete document.documentElement.dataset.theme
      delete document.documentElement.dataset.wall
    }
  }, [])
}

/** Keeps the screen on, and asks again after the page was hidden. */
function useWakeLock(): void {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return
    let lock: WakeLockSentinel | null = null
    let gone = false
    const ask = () => {
      if (document.visibilityState !== 'visible') return
      navigator.wakeLock.request('screen').then(
        (got) => {
          if (gone) void got.release()
          else lock = got
        },
        () => undefined,
      )
    }
    ask()
    document.addEventListener('visibilitychange', ask)
    return () => {
      gone = true
      document.removeEventListener('visibilitychange', ask)
      void lock?.release()
    }
  }, [])
}

const POINTER_MS = 3000

/** The pointer, and the one button, show only while somebody moves it or uses the keyboard. */
function usePointer(): boolean {
  const [awake, setAwake] = useState(false)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const wake = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key.toLowerCase() === 'f') void toggleFullScreen()
      setAwake(true)
      clearTimeout(timer)
      timer = setTimeout(() => setAwake(false), POINTER_MS)
    }
    addEventListener('pointermove', wake)
    addEventListener('keydown', wake)
    return () => {
      clearTimeout(timer)
      removeEventListener('pointermove', wake)
      removeEventListener('keydown', wake)
    }
  }, [])
  return awake
}

function toggleFullScreen(): Promise<void> {
  const change =
    document.fullscreenElement === null
      ? document.documentElement.requestFullscreen()
      : document.exitFullscreen()
  return change.catch(() => undefined)
}
