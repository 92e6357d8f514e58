/** Why a step cannot be looked at yet: the server's own reason where it gives one. */
import type { Action, RaffleAdmin } from '../api/types'
import type { Catalogue } from '../i18n'
import type { StepName } from '../status/steps'

const actionOfStep: Record<StepName, Action> = {
  setUp: 'configure',
  sell: 'open',
  close: 'close',
  reconcile: 'reconcile',
  draw: 'draw',
  publish: 'publish',
}

export function stepReason(step: StepName, raffle: RaffleAdmin, text: Catalogue): string {
  if (raffle.status === 'cancelled') return text.stepLocked.cancelled
  const server = raffle.actions.find(({ action }) => action === actionOfStep[step])?.reason
  return server ?? (step === 'setUp' ? text.gate.notNow : text.stepLocked[step])
}
