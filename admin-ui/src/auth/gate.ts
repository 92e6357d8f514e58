/** Why a command cannot be given now: the connection first, then the server's own reason. */
import type { Action, RaffleAdmin } from '../api/types'
import { useText } from '../i18n'
import { isDown, useLink } from '../live/LiveRaffle'

/** Only the connection: for commands that no raffle's state governs. */
export function useLinkReason(): string | null {
  const text = useText()
  return isDown(useLink()) ? text.link.commandsOff : null
}

export function useGate(raffle: RaffleAdmin): (action: Action) => string | null {
  const text = useText()
  const down = useLinkReason()
  return (action) => {
    if (down !== null) return down
    const state = raffle.actions.find((candidate) => candidate.action === action)
    if (!state) return text.gate.unknownAction
    return state.allowed ? null : (state.reason ?? text.gate.notNow)
  }
}
