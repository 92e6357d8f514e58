/** Alerts in the order in which somebody should look at them. */
import type { AlertLevel, BoardAlert } from '../../live/push'

const rank: Record<AlertLevel, number> = { fault: 0, warning: 1, offline: 2 }

export interface Trouble extends BoardAlert {
  deviceIds: string[]
}

/** The same trouble on several handhelds is one line: what to do about it is the same. */
export function groupAlerts(alerts: readonly BoardAlert[]): Trouble[] {
  const groups = new Map<string, Trouble>()
  for (const alert of alerts) {
    const key = alert.code
    const group = groups.get(key) ?? { ...alert, deviceIds: [] }
    group.since_ms = Math.min(group.since_ms, alert.since_ms)
    if (alert.device_id !== null) group.deviceIds.push(alert.device_id)
    groups.set(key, group)
  }
  return [...groups.values()].sort((a, b) => rank[a.level] - rank[b.level] || a.since_ms - b.since_ms)
}
