/**
 * The server's clock, measured. `offset` is what to add to this machine's steady clock; `errorMs` bounds it
 * (half the round trip of the best exchange). Nobody's wall clock is trusted: the steady clock does not jump
 * when somebody sets the laptop's time.
 */
const SAMPLES_KEPT = 8

interface Sample {
  offsetMs: number
  errorMs: number
}

/** This machine's clock in milliseconds UTC at page load, steady from then on. */
export const steadyNow = (): number => performance.timeOrigin + performance.now()

export class ServerClock {
  #samples: Sample[] = []
  #best: Sample = { offsetMs: 0, errorMs: Infinity }
  readonly #steady: () => number

  constructor(steady: () => number = steadyNow) {
    this.#steady = steady
  }

  /** A full exchange: sent at `sentMs`, received now, the server's stamp in between. */
  exchange(sentMs: number, serverMs: number): void {
    const receivedMs = this.#steady()
    const errorMs = Math.max(0, (receivedMs - sentMs) / 2)
    this.#add({ offsetMs: serverMs - (sentMs + receivedMs) / 2, errorMs })
  }

  /** A one-way stamp: better than nothing until the first exchange, never better than one. */
  stamp(serverMs: number): void {
    if (this.#best.errorMs < Infinity) return
    this.#best = { offsetMs: serverMs - this.#steady(), errorMs: Infinity }
  }

  /** A new connection may go to a machine with another clock: old samples say nothing about it. */
  forget(): void {
    this.#samples = []
  }

  now(): number {
    return this.#steady() + this.#best.offsetMs
  }

  get errorMs(): number {
    return this.#best.errorMs
  }

  /** Whether a countdown may be shown without its bound. */
  get sure(): boolean {
    return this.#best.errorMs <= 1000
  }

  #add(sample: Sample): void {
    this.#samples = [...this.#samples.slice(1 - SAMPLES_KEPT), sample]
    this.#best = this.#samples.reduce((best, next) => (next.errorMs <= best.errorMs ? next : best))
  }
}

export const serverClock = new ServerClock()

/** Whole seconds to a deadline, rounded up: 0 only once it has passed. */
export function secondsUntil(deadlineMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((deadlineMs - nowMs) / 1000))
}

/** `23:53`, from an hour on `1:02:07`. */
export function clockText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest
}

/** The moments at which a countdown is spoken, in seconds. */
const SPOKEN = [600, 300, 60, 10] as const

/** The moment to speak when the countdown went from `before` to `after` seconds, if one lies between. */
export function spokenMoment(before: number, after: number): number | null {
  return SPOKEN.find((moment) => before > moment && after <= moment && after > moment - 5) ?? null
}
