import type { DrawStatusName, DrawSummary, RaffleStatus, RaffleView, Winner } from '../api/client'

/** What the event is doing, as the public sees it. */
export type Stage =
  'soon' | 'selling' | 'paused' | 'closing' | 'counted' | 'sealed' | 'published' | 'cancelled'

const BY_STATUS: Record<RaffleStatus, Stage> = {
  draft: 'soon',
  configured: 'soon',
  selling: 'selling',
  suspended: 'paused',
  closing: 'closing',
  reconciling: 'closing',
  reconciled: 'counted',
  finalized: 'counted',
  cancelled: 'cancelled',
}

type DrawStage = 'waiting' | 'sealed' | 'published' | 'blocked' | 'cancelled'
export const DRAW_STAGE: Record<DrawStatusName, DrawStage> = {
  planned: 'waiting',
  acknowledged: 'waiting',
  locked: 'sealed',
  proven: 'sealed',
  drawn: 'sealed',
  published: 'published',
  settled: 'published',
  blocked: 'blocked',
  cancelled: 'cancelled',
}

/** After the close the draws decide: sealed as soon as one is, published when all of them are. */
export function stageOf(raffle: RaffleView): Stage {
  const stage = BY_STATUS[raffle.status]
  if (stage !== 'closing' && stage !== 'counted') return stage
  const draws = raffle.draws.map((draw) => DRAW_STAGE[draw.status]).filter((s) => s !== 'cancelled')
  if (draws.length > 0 && draws.every((s) => s === 'published')) return 'published'
  return draws.some((s) => s === 'sealed') ? 'sealed' : stage
}

export function publishedDraws(raffle: RaffleView): DrawSummary[] {
  return raffle.draws.filter((draw) => DRAW_STAGE[draw.status] === 'published')
}

export function allWinners(raffle: RaffleView): Winner[] {
  return publishedDraws(raffle).flatMap((draw) => draw.winners ?? [])
}

/** The winner the whole place waits for. */
export function mainWinner(raffle: RaffleView): Winner | null {
  const winners = allWinners(raffle)
  return winners.find((winner) => winner.prize_id === raffle.main_prize_id) ?? winners.at(-1) ?? null
}

export function mainPrizeName(raffle: RaffleView): string | null {
  return raffle.prizes.find((prize) => prize.id === raffle.main_prize_id)?.name ?? null
}

export function sealedDraw(raffle: RaffleView): DrawSummary | null {
  return raffle.draws.findLast((draw) => DRAW_STAGE[draw.status] === 'sealed') ?? null
}

export function publishedAt(raffle: RaffleView): number | null {
  return publishedDraws(raffle).reduce<number | null>(
    (latest, draw) => (draw.published_at_ms === null ? latest : Math.max(latest ?? 0, draw.published_at_ms)),
    null,
  )
}

export function holdsNumber(ranges: { first: number; last: number }[], number: number): boolean {
  return ranges.some((range) => range.first <= number && number <= range.last)
}
