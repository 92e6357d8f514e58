import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

const APART_MS = 5000

/** Speaks through one polite region, at most once in five seconds; of several waiting messages the last counts. */
export class Announcer {
  readonly element: HTMLElement
  #last = Number.NEGATIVE_INFINITY
  #waiting: string | null = null

  constructor() {
    this.element = document.createElement('p')
    this.element.className = 'vh announcer'
    this.element.setAttribute('role', 'status')
  }

  say(text: string): void {
    const wait = this.#last + APART_MS - performance.now()
    const queued = this.#waiting !== null
    this.#waiting = text
    if (wait <= 0) this.#speak()
    else if (!queued) setTimeout(() => this.#speak(), wait)
  }

  #speak(): void {
    this.#last = performance.now()
    this.element.textContent = this.#waiting
    this.#waiting = null
  }
}

export const AnnouncerContext = createContext<Announcer | null>(null)

export function useAnnounce(): (text: string) => void {
  const announcer = useContext(AnnouncerContext)
  return (text) => announcer?.say(text)
}
