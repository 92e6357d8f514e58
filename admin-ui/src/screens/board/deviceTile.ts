/** What one handheld's tile says: the worst thing first, and trouble before health in the grid. */
import type { BoardDevice } from '../../api/types'

export type TileState =
  | { level: 'fault'; why: 'paper_out' | 'disconnected' | 'numbers_out' }
  | { level: 'warning'; why: 'numbers_low' | 'battery_low' | 'paper_low' | 'clock' }
  | { level: 'offline' }
  | { level: 'online' }
  | { level: 'idle' }
  | { level: 'final' }
  | { level: 'lost' }

/** Engine's own warning line for a range. */
const RANGE_WARNING = 0.8
const BATTERY_LOW_PERCENT = 15
/** The server corrects for a handheld's clock; from here on it warns. */
const CLOCK_OFF_MS = 120_000

export const rangeShare = (device: BoardDevice): number =>
  device.range_total === 0 ? 0 : Math.min(1, device.range_used / device.range_total)

export function tileState(device: BoardDevice): TileState {
  if (device.state === 'final') return { level: 'final' }
  if (device.state === 'lost') return { level: 'lost' }
  if (device.printer === 'paper_out' || device.printer === 'disconnected')
    return { level: 'fault', why: device.printer }
  if (device.range_total > 0 && device.range_used >= device.range_total)
    return { level: 'fault', why: 'numbers_out' }
  // An offline handheld cannot fetch numbers, so running low matters more than being offline.
  if (rangeShare(device) >= RANGE_WARNING) return { level: 'warning', why: 'numbers_low' }
  if (!device.online) return { level: 'offline' }
  if (device.battery_percent != null && device.battery_percent < BATTERY_LOW_PERCENT)
    return { level: 'warning', why: 'battery_low' }
  if (device.printer === 'paper_low') return { level: 'warning', why: 'paper_low' }
  if (device.clock_offset_ms != null && Math.abs(device.clock_offset_ms) > CLOCK_OFF_MS)
    return { level: 'warning', why: 'clock' }
  return device.state === 'joined' ? { level: 'idle' } : { level: 'online' }
}

const rank: Record<TileState['level'], number> = {
  fault: 0,
  warning: 1,
  offline: 2,
  idle: 3,
  online: 4,
  final: 5,
  lost: 6,
}

/** Trouble first; among equals the label, so that a tile does not jump with every sale. */
export function sortTiles(devices: readonly BoardDevice[]): { device: BoardDevice; state: TileState }[] {
  return devices
    .map((device) => ({ device, state: tileState(device) }))
    .sort(
      (a, b) =>
        rank[a.state.level] - rank[b.state.level] ||
        a.device.label.localeCompare(b.device.label, undefined, { numeric: true }),
    )
}

export interface Unsynced {
  records: number
  minor: number
}

/** What is known to be sold but still lies on handhelds. */
export function unsynced(devices: readonly BoardDevice[]): Unsynced {
  return devices.reduce(
    (sum, device) =>
      device.state === 'lost'
        ? sum
        : { records: sum.records + device.unsynced_records, minor: sum.minor + device.unsynced_minor },
    { records: 0, minor: 0 },
  )
}

/**
 * What tells the handhelds apart: a word that all labels begin with ("Simulated 01", "Simulated 02") is left
 * off the tiles, where it would push the number out. Single handhelds and bare numbers keep theirs.
 */
export function shortLabels(labels: readonly string[]): ReadonlyMap<string, string> {
  const [first = '', ...others] = labels
  let shared = others.length === 0 ? 0 : first.length
  for (const label of others) while (!label.startsWith(first.slice(0, shared))) shared -= 1
  // Only whole words go, and something must be left of each.
  const word = /^.*[^\p{L}\p{N}]/u.exec(first.slice(0, shared))?.[0] ?? ''
  const cut = labels.every((label) => label.length > word.length) ? word.length : 0
  return new Map(labels.map((label) => [label, label.slice(cut)]))
}
