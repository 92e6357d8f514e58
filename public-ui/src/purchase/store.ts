import type { Ticket } from '../api/client'
import type { Order } from './order'

const ORDERS = 'drumroll.orders.1'
const KEEP_FAILED_MS = 24 * 3600_000

/** Orders on this phone. Kept in memory as well, for browsers that refuse to store. */
export class OrderStore {
  #memory: Order[] = []
  /** False: this browser does not keep orders, so the page has to stay open. */
  keeps = true

  constructor(
    private readonly storage: Storage | null,
    private readonly now: () => number = () => Date.now(),
  ) {
    this.#memory = this.#read()
    if (storage === null) this.keeps = false
  }

  #read(): Order[] {
    try {
      const stored = JSON.parse(this.storage?.getItem(ORDERS) ?? '[]') as unknown
      return Array.isArray(stored)
        ? (stored as Order[]).filter((order) => typeof order.key === 'string')
        : this.#memory
    } catch {
      return this.#memory
    }
  }

  all(): Order[] {
    return this.keeps ? this.#read() : this.#memory
  }

  find(key: string): Order | null {
    return this.all().find((order) => order.key === key) ?? null
  }

  put(order: Order): void {
    const limit = this.now() - KEEP_FAILED_MS
    const rest = this.all().filter(
      (o) => o.key !== order.key && (!DISPOSABLE.has(o.phase) || o.created_ms > limit),
    )
    this.#memory = [order, ...rest]
    try {
      this.storage?.setItem(ORDERS, JSON.stringify(this.#memory))
    } catch {
      this.keeps = false
    }
  }

  remove(key: string): void {
    this.#memory = this.all().filter((order) => order.key !== key)
    try {
      this.storage?.setItem(ORDERS, JSON.stringify(this.#memory))
    } catch {
      this.keeps = false
    }
  }

  ticket(validation: string): Ticket | null {
    return this.all().find((order) => order.ticket?.validation_number === validation)?.ticket ?? null
  }
}

const DISPOSABLE = new Set<Order['phase']>(['declined', 'expired', 'refused', 'not_sent'])

export function browserStorage(): Storage | null {
  try {
    return window.localStorage
  } catch {
    return null
  }
}
