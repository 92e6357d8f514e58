import type { DrawSummary, RaffleView, Winner } from '../../api/client'
import { secondsLeft } from '../../live/countdown'
import type { Link } from '../../live/feed'
import { type Stage, mainWinner, publishedDraws, sealedDraw, stageOf } from '../stage'
import { GRID_MAX, planReveal, stepAt } from './reveal'

export type Scene =
  | { kind: 'jackpot'; seconds: number }
  | { kind: 'countdown'; seconds: number }
  | { kind: 'note'; stage: Exclude<Stage, 'selling' | 'sealed' | 'published'> }
  | { kind: 'sealed'; draw: DrawSummary }
  | { kind: 'reveal'; winner: Winner; index: number; total: number; intoMs: number }
  | { kind: 'winner'; winner: Winner }
  | { kind: 'winners'; winners: Winner[]; onePrize: boolean }
  | { kind: 'lost' }

const LAST_CALL_S = 60
/** A short break is bridged: the wall does not flicker. */
const LOST_AFTER_MS = 8000
const PAGE_MS = 12_000

/** What belongs on the wall now. Follows the live data; nobody has to press anything. */
export function sceneOf(raffle: RaffleView, link: Link, nowMs: number, lostForMs: number): Scene {
  const stage = stageOf(raffle)
  const lost = link.kind === 'lost' && lostForMs >= LOST_AFTER_MS
  switch (stage) {
    case 'selling': {
      const seconds = secondsLeft(raffle.closes_at_ms, nowMs)
      // The last call runs on the clock; a lost line cannot take it back.
      if (seconds > 0 && seconds <= LAST_CALL_S) return { kind: 'countdown', seconds }
      if (lost) return { kind: 'lost' }
      return seconds === 0 ? { kind: 'note', stage: 'closing' } : { kind: 'jackpot', seconds }
    }
    case 'sealed': {
      const draw = sealedDraw(raffle)
      return draw === null ? { kind: 'note', stage: 'counted' } : { kind: 'sealed', draw }
    }
    case 'published':
      return resultScene(raffle, nowMs)
    case 'paused':
    case 'closing':
    case 'counted':
    case 'soon':
    case 'cancelled':
      return { kind: 'note', stage }
  }
}

function resultScene(raffle: RaffleView, nowMs: number): Scene {
  const draw = publishedDraws(raffle).reduce<DrawSummary | null>(
    (latest, d) => ((d.published_at_ms ?? 0) >= (latest?.published_at_ms ?? 0) ? d : latest),
    null,
  )
  const winners = draw?.winners ?? []
  const elapsed = nowMs - (draw?.published_at_ms ?? 0)
  const now = stepAt(planReveal(winners), elapsed)
  if (now !== null) {
    const { step, intoMs } = now
    if (step.kind === 'reveal') {
      return { kind: 'reveal', winner: step.winner, index: step.index, total: step.total, intoMs }
    }
    if (step.kind === 'winner') return { kind: 'winner', winner: step.winner }
    return { kind: 'winners', winners: step.winners, onePrize: true }
  }
  const only = winners.length === 1 ? mainWinner(raffle) : null
  if (only !== null) return { kind: 'winner', winner: only }
  const pages = Math.max(1, Math.ceil(winners.length / GRID_MAX))
  const page = Math.floor(elapsed / PAGE_MS) % pages
  const shown = winners.slice(page * GRID_MAX, (page + 1) * GRID_MAX)
  return { kind: 'winners', winners: shown, onePrize: new Set(winners.map((w) => w.prize_id)).size === 1 }
}
