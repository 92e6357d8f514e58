import type { ApiOrder, PaymentOutcome, RaffleView, Result } from '../api/client'
import { type Order, type OrderEvent, advance, isRunning, nextStep, pauseMs } from './order'
import type { OrderStore } from './store'

export interface PurchaseApi {
  send: (order: Order) => Promise<Result<ApiOrder>>
  ask: (order: Order) => Promise<Result<ApiOrder>>
}

interface Deps {
  api: PurchaseApi
  store: OrderStore
  now?: () => number
  random?: () => number
}

/** Drives orders to an end: sends, asks, waits, and goes on after a reload. */
export class Purchases {
  #listeners = new Set<() => void>()
  #active = new Set<string>()
  readonly #now: () => number
  readonly #random: () => number

  constructor(private readonly deps: Deps) {
    this.#now = deps.now ?? (() => Date.now())
    this.#random = deps.random ?? Math.random
  }

  get store(): OrderStore {
    return this.deps.store
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Makes the order and stores it; only then does the first byte leave. */
  buy(raffle: RaffleView, packageId: number, outcome: PaymentOutcome): Order {
    const pack = raffle.packages.find((p) => p.id === packageId)
    if (pack === undefined) throw new Error(`no package ${packageId}`)
    const order: Order = {
      key: newKey(),
      raffle_id: raffle.id,
      event_name: raffle.name,
      lines: [{ package_id: pack.id, quantity: 1 }],
      outcome,
      numbers: pack.numbers,
      price_minor: pack.price_minor,
      currency: raffle.currency,
      created_ms: this.#now(),
      phase: 'sending',
      tries: 0,
      code: null,
      expires_at_ms: null,
      ticket: null,
    }
    this.#save(order)
    void this.#run(order.key)
    return order
  }

  sendAgain(key: string): void {
    this.#apply(key, { type: 'send_again', nowMs: this.#now() })
    void this.#run(key)
  }

  forget(key: string): void {
    this.deps.store.remove(key)
    this.#tell()
  }

  /** Goes on with whatever was running when the page was left. */
  resume(): void {
    for (const order of this.deps.store.all()) {
      if (!isRunning(order) || this.#active.has(order.key)) continue
      this.#apply(order.key, { type: 'resume' })
      void this.#run(order.key)
    }
  }

  async #run(key: string): Promise<void> {
    if (this.#active.has(key)) return
    this.#active.add(key)
    for (;;) {
      const order = this.deps.store.find(key)
      if (order === null) break
      const to = nextStep(order)
      if (to === 'none') break
      const result = await (to === 'send' ? this.deps.api.send(order) : this.deps.api.ask(order))
      const after = this.#apply(key, { type: 'reply', to, result, nowMs: this.#now() })
      if (after === null || nextStep(after) === 'none') break
      const asked = result.kind === 'problem' ? (result.retryAfterMs ?? 0) : 0
      await sleep(Math.max(asked, pauseMs(after, this.#random())))
    }
    this.#active.delete(key)
  }

  #apply(key: string, event: OrderEvent): Order | null {
    const order = this.deps.store.find(key)
    if (order === null) return null
    const next = advance(order, event)
    this.#save(next)
    return next
  }

  #save(order: Order): void {
    this.deps.store.put(order)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A random UUID. `crypto.randomUUID` is missing on plain http, where a venue's test network may well be. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
