import type { DrawSummary, RaffleAdmin } from '../../api/types'
import { useQueryParam } from '../../router'

/** The draw the page is about: the one in the address, otherwise the first that still has something to do. */
export function useDraw(raffle: RaffleAdmin): DrawSummary | null {
  const wanted = useQueryParam('draw')
  const byNumber = raffle.draws.find((draw) => String(draw.draw_no) === wanted)
  const open = raffle.draws.find((draw) => !['published', 'settled', 'cancelled'].includes(draw.status))
  return byNumber ?? open ?? raffle.draws.at(-1) ?? null
}
