/** One polite voice for the whole app: at most one message in five seconds, the newest kept. Faults speak at once. */
import { useSyncExternalStore } from 'react'

const PAUSE_MS = 5_000

interface Spoken {
  polite: string
  assertive: string
}

let spoken: Spoken = { polite: '', assertive: '' }
let lastMs = -Infinity
let waiting: ReturnType<typeof setTimeout> | undefined
const listeners = new Set<() => void>()

function say(next: Partial<Spoken>): void {
  spoken = { ...spoken, ...next }
  for (const listener of listeners) listener()
}

export function announce(message: string): void {
  clearTimeout(waiting)
  const waitMs = Math.max(0, lastMs + PAUSE_MS - performance.now())
  waiting = setTimeout(() => {
    lastMs = performance.now()
    say({ polite: message })
  }, waitMs)
}

export const announceFault = (message: string): void => say({ assertive: message })

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function Announcer() {
  const { polite, assertive } = useSyncExternalStore(subscribe, () => spoken)
  return (
    <>
      <div className="vh" role="status">
        {polite}
      </div>
      <div className="vh" role="alert">
        {assertive}
      </div>
    </>
  )
}
