/** The event's life as six steps, and where a raffle stands in it. */
import type { RaffleStatus } from '../api/types'

export const stepNames = ['setUp', 'sell', 'close', 'reconcile', 'draw', 'publish'] as const
export type StepName = (typeof stepNames)[number]

export type StepState = 'done' | 'now' | 'later'

/** The step that a status is in. A reconciled raffle moves on to `publish` with its draw. */
const stepOfStatus: Record<RaffleStatus, StepName | 'none'> = {
  draft: 'setUp',
  configured: 'setUp',
  selling: 'sell',
  suspended: 'sell',
  closing: 'close',
  reconciling: 'reconcile',
  reconciled: 'draw',
  finalized: 'publish',
  cancelled: 'none',
}

interface Standing {
  status: RaffleStatus
  draws: readonly { status: string }[]
}

const isDrawn = (draw: { status: string }) => ['drawn', 'published', 'settled'].includes(draw.status)

export function currentStep({ status, draws }: Standing): StepName | 'none' {
  const step = stepOfStatus[status]
  if (step !== 'draw') return step
  const open = draws.filter((draw) => draw.status !== 'cancelled')
  return open.length > 0 && open.every(isDrawn) ? 'publish' : 'draw'
}

/** Whether a step can be looked at: all that came before the present one, and the close while selling. */
export function stepState(step: StepName, standing: Standing): StepState {
  const now = currentStep(standing)
  if (now === 'none') return step === 'setUp' ? 'done' : 'later'
  const here = stepNames.indexOf(now)
  const at = stepNames.indexOf(step)
  if (at === here) return standing.status === 'finalized' ? 'done' : 'now'
  return at < here ? 'done' : 'later'
}

/** The close can be prepared while sales run: announcing it early, seeing who has the time. */
export function stepReachable(step: StepName, standing: Standing): boolean {
  if (stepState(step, standing) !== 'later') return true
  return step === 'close' && (standing.status === 'selling' || standing.status === 'suspended')
}
