/** Whether the server answered last time, for the screens that have no socket of their own. */
let downSinceMs: number | null = null
const listeners = new Set<() => void>()

export const reachability = {
  get: (): number | null => downSinceMs,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  answered(): void {
    if (downSinceMs === null) return
    downSinceMs = null
    for (const listener of listeners) listener()
  },
  silent(): void {
    if (downSinceMs !== null) return
    downSinceMs = Date.now()
    for (const listener of listeners) listener()
  },
}
