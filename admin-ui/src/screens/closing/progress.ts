/** How far the close has come: every handheld in exactly one of four groups. */
import type { BoardDevice } from '../../api/types'

export type CloseGroup = 'final' | 'uploading' | 'silent' | 'lost'

export function closeGroup(device: BoardDevice): CloseGroup {
  if (device.state === 'final' || device.state === 'lost') return device.state
  return device.online ? 'uploading' : 'silent'
}

const order: Record<CloseGroup, number> = { final: 0, lost: 1, uploading: 2, silent: 3 }

/** For the rail: done first, so that it fills from the left. */
export function railOrder(devices: readonly BoardDevice[]): CloseGroup[] {
  return devices.map(closeGroup).sort((a, b) => order[a] - order[b])
}

/** Still awaited, the slowest first: silent ones by how long, then uploads by how much is left. */
export function waitingFor(devices: readonly BoardDevice[]): BoardDevice[] {
  return devices
    .filter((device) => ['uploading', 'silent'].includes(closeGroup(device)))
    .sort((a, b) => {
      const [groupA, groupB] = [closeGroup(a), closeGroup(b)]
      if (groupA !== groupB) return order[groupB] - order[groupA]
      if (groupA === 'silent') return (a.last_heartbeat_ms ?? 0) - (b.last_heartbeat_ms ?? 0)
      return b.unsynced_records - a.unsynced_records
    })
}
