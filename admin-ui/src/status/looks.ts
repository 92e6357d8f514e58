/** How every state looks. Exhaustive: a new state of the server breaks the build here, not the screen there. */
import type { DeviceRaffleState, DrawStatusName, RaffleStatus, TicketState } from '../api/types'
import type { AlertLevel } from '../live/push'
import type { Look } from '../ui/Chip'
import type { IconName } from '../ui/Icon'
import type { RouteName } from '../router'

export const raffleLook: Record<RaffleStatus, Look> = {
  draft: { tone: 'idle', icon: 'ring' },
  configured: { tone: 'idle', icon: 'clock' },
  selling: { tone: 'live', icon: 'dot' },
  suspended: { tone: 'warn', icon: 'pause' },
  closing: { tone: 'closed', icon: 'stop' },
  reconciling: { tone: 'warn', icon: 'sync' },
  reconciled: { tone: 'sealed', icon: 'seal' },
  finalized: { tone: 'online', icon: 'check' },
  cancelled: { tone: 'closed', icon: 'x' },
}

export const drawLook: Record<DrawStatusName, Look> = {
  planned: { tone: 'idle', icon: 'clock' },
  acknowledged: { tone: 'online', icon: 'check' },
  locked: { tone: 'sealed', icon: 'seal' },
  proven: { tone: 'sealed', icon: 'check' },
  drawn: { tone: 'sealed', icon: 'eye' },
  published: { tone: 'live', icon: 'broadcast' },
  settled: { tone: 'online', icon: 'flag' },
  blocked: { tone: 'danger', icon: 'fault' },
  cancelled: { tone: 'closed', icon: 'x' },
}

export const ticketLook: Record<TicketState, Look> = {
  valid: { tone: 'online', icon: 'check' },
  voided: { tone: 'closed', icon: 'x' },
  misprinted: { tone: 'warn', icon: 'printer' },
}

export const deviceStateLook: Record<DeviceRaffleState, Look> = {
  joined: { tone: 'idle', icon: 'pause' },
  selling: { tone: 'online', icon: 'wifi' },
  final: { tone: 'online', icon: 'check' },
  lost: { tone: 'closed', icon: 'flag' },
}

export const alertIcon: Record<AlertLevel, IconName> = {
  fault: 'fault',
  warning: 'alert',
  offline: 'noWifi',
}

/** Where an event is opened: at the step it stands in. */
export const homeOfStatus = {
  draft: 'setUp',
  configured: 'setUp',
  selling: 'sell',
  suspended: 'sell',
  closing: 'close',
  reconciling: 'reconcile',
  reconciled: 'draw',
  finalized: 'publish',
  cancelled: 'report',
} as const satisfies Record<RaffleStatus, RouteName>
