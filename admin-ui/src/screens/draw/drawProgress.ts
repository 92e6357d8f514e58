/** Where a draw stands, as the steps everybody can follow. */
import type { DrawStatus, DrawStatusName, DrawStepName } from '../../api/types'

export const drawSteps = [
  'planned',
  'locked',
  'revealed',
  'proven',
  'drawn',
  'published',
] as const satisfies readonly DrawStepName[]

export interface StepProgress {
  step: DrawStepName
  state: 'done' | 'now' | 'later'
  atMs: number | null
}

export function drawProgress(draw: DrawStatus): StepProgress[] {
  const reached = new Map(draw.steps.map(({ step, at_ms }) => [step, at_ms ?? null]))
  let open = draw.status !== 'cancelled' && draw.status !== 'blocked'
  return drawSteps.map((step) => {
    const atMs = reached.get(step) ?? null
    if (atMs !== null) return { step, state: 'done', atMs }
    const state = open ? 'now' : 'later'
    open = false
    return { step, state, atMs }
  })
}

/** What the console asks for next. Exhaustive, so a new status cannot leave it without an answer. */
export type DrawTask = 'seal' | 'execute' | 'publish' | 'published' | 'blocked' | 'cancelled'

export const drawTask: Record<DrawStatusName, DrawTask> = {
  planned: 'seal',
  acknowledged: 'seal',
  locked: 'execute',
  proven: 'execute',
  drawn: 'publish',
  published: 'published',
  settled: 'published',
  blocked: 'blocked',
  cancelled: 'cancelled',
}

export const hasResult = (status: DrawStatusName): boolean =>
  drawTask[status] === 'publish' || drawTask[status] === 'published'
