interface Sample {
  offsetMs: number
  boundMs: number
  atMs: number
}

/** The server's clock, measured. Each exchange bounds the offset by half its round trip; the tightest recent one counts. */
export class ServerClock {
  #samples: Sample[] = []

  constructor(private readonly local: () => number = () => Date.now()) {}

  observe(sentMs: number, receivedMs: number, serverMs: number): void {
    const sample = {
      offsetMs: serverMs - (sentMs + receivedMs) / 2,
      boundMs: Math.max(0, receivedMs - sentMs) / 2,
      atMs: receivedMs,
    }
    // A local clock that was set by hand makes old samples lie.
    const jumped = this.#samples.some(
      (s) => Math.abs(s.offsetMs - sample.offsetMs) > s.boundMs + sample.boundMs + 1000,
    )
    const kept = jumped ? [] : this.#samples.filter((s) => sample.atMs - s.atMs < SAMPLE_LIFE_MS)
    this.#samples = [...kept, sample].slice(-8)
  }

  #best() {
    return this.#samples.reduce<Sample | null>(
      (best, s) => (best === null || s.boundMs < best.boundMs ? s : best),
      null,
    )
  }

  now(): number {
    return this.local() + (this.#best()?.offsetMs ?? 0)
  }

  /** How far off `now` may be. Infinite before the first exchange. */
  boundMs(): number {
    return this.#best()?.boundMs ?? Number.POSITIVE_INFINITY
  }
}

const SAMPLE_LIFE_MS = 180_000
/** Above this the countdown says "about". */
export const UNSURE_MS = 1000
