/** One ticker for the whole app: every clock and age changes in the same frame, on the server's second. */
import { useCallback, useSyncExternalStore } from 'react'
import { secondsUntil, serverClock } from './clock'

let second = Math.floor(serverClock.now() / 1000) * 1000
let timer: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

function tick(): void {
  const now = serverClock.now()
  second = Math.floor(now / 1000) * 1000
  for (const listener of listeners) listener()
  timer = setTimeout(tick, 1000 - (now - second) + 5)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (listeners.size === 1) tick()
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) clearTimeout(timer)
  }
}

/** The server's time, floored to the second. */
export const useServerNow = (): number => useSyncExternalStore(subscribe, () => second)

/** Whole seconds to a deadline. It ticks with the deadline, not with the clock, so that 0 comes at its instant. */
export function useSecondsUntil(deadlineMs: number): number {
  const follow = useCallback(
    (listener: () => void) => {
      let pending: ReturnType<typeof setTimeout> | undefined
      const wait = () => {
        const left = deadlineMs - serverClock.now()
        pending = setTimeout(
          () => {
            listener()
            wait()
          },
          // To the next whole second before it; once it has passed, only in case it was put off or the clock corrected.
          left > 0 ? (left % 1000) + 2 : 1000,
        )
      }
      wait()
      return () => clearTimeout(pending)
    },
    [deadlineMs],
  )
  return useSyncExternalStore(follow, () => secondsUntil(deadlineMs, serverClock.now()))
}
