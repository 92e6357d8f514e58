import type { RaffleView, Result } from '../api/client'
import { ServerClock } from './clock'
import { type LiveView, foldFact, foldState, foldView, startView } from './fold'
import type { Push } from './push'

/**
 * State of the line. `stale`: open, but silent for longer than it should be. `lost`: no socket.
 * The figures on the page are then as old as they say.
 */
export type Link =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'stale'; heardMs: number }
  | { kind: 'lost'; heardMs: number | null }

export interface FeedState {
  view: LiveView | null
  link: Link
  /** Why there is nothing to show, when there is nothing. */
  problem: 'not_found' | 'unreachable' | null
}

/** As much of a WebSocket as the feed uses. */
export interface Socket {
  send: (text: string) => void
  close: () => void
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
}

export interface FeedDeps {
  fetchView: () => Promise<Result<RaffleView>>
  openSocket: (factsFrom: number) => Socket
  onChange: (state: FeedState) => void
  now?: () => number
  random?: () => number
}

const BACKOFF_FIRST_MS = 500
const BACKOFF_LAST_MS = 15_000
const PING_EVERY_MS = 10_000
const STALE_AFTER_MS = 14_000
const DEAD_AFTER_MS = 25_000
const CONNECT_WITHIN_MS = 10_000
/** Close codes after which trying again as before is pointless. */
const UNKNOWN_RAFFLE = 4012
const PROTOCOL_ERROR = 4003

/** Waiting time before attempt `n` (from 0): full jitter above a doubling floor, within 0.5 and 15 s. */
export function backoffMs(attempt: number, random: number): number {
  const top = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** (attempt + 1))
  return BACKOFF_FIRST_MS + (top - BACKOFF_FIRST_MS) * random
}

/** Keeps one raffle's view current: first the whole view, then pushes, and the whole view again after a gap. */
export class Feed {
  readonly clock: ServerClock
  #state: FeedState = { view: null, link: { kind: 'connecting' }, problem: null }
  #socket: Socket | null = null
  #attempt = 0
  #heardMs: number | null = null
  #pingedMs = 0
  #timers = new Set<ReturnType<typeof setTimeout>>()
  #fetching = false
  #fetchAgain = false
  #stopped = false
  /** The server no longer knows the raffle: no socket before it does again. */
  #gone = false
  readonly #now: () => number
  readonly #random: () => number

  constructor(private readonly deps: FeedDeps) {
    this.#now = deps.now ?? (() => Date.now())
    this.#random = deps.random ?? Math.random
    this.clock = new ServerClock(this.#now)
  }

  start(): void {
    void this.refetch()
  }

  stop(): void {
    this.#stopped = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#drop()
  }

  /** Somebody came back to the page, or the network did: do not sit out the waiting time. */
  wake(): void {
    if (this.#stopped) return
    if (this.#socket === null) this.#reconnectNow()
    else this.#ping()
    // Stocks of packages are not pushed.
    void this.refetch()
  }

  async refetch(): Promise<void> {
    if (this.#fetching) {
      this.#fetchAgain = true
      return
    }
    this.#fetching = true
    const result = await this.deps.fetchView()
    this.#fetching = false
    if (this.#stopped) return
    const gone = result.kind === 'problem' && (result.status === 404 || result.status === 422)
    this.#gone = gone
    if (result.kind === 'ok') {
      this.clock.observe(result.sentMs, result.receivedMs, result.body.server_time_ms)
      const view =
        this.#state.view === null ? startView(result.body) : foldView(this.#state.view, result.body)
      this.#set({ view, problem: null })
      this.#afterRefetch(view)
    } else if (this.#state.view === null) {
      this.#set({ problem: gone ? 'not_found' : 'unreachable' })
      if (!gone) this.#later(this.#nextBackoff(), () => void this.refetch())
    }
    if (this.#fetchAgain) {
      this.#fetchAgain = false
      void this.refetch()
    }
  }

  #afterRefetch(view: LiveView): void {
    if (this.#socket === null) {
      if (this.#timers.size === 0) this.#connect()
    } else if (this.#state.link.kind === 'live') {
      this.#send({ t: 'resume', facts_position: view.raffle.facts_position })
    }
  }

  #set(change: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...change }
    this.deps.onChange(this.#state)
  }

  #later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #nextBackoff(): number {
    return backoffMs(this.#attempt++, this.#random())
  }

  #connect(): void {
    const view = this.#state.view
    if (view === null || this.#stopped) return
    const socket = this.deps.openSocket(view.raffle.facts_position)
    this.#socket = socket
    let opened = false
    socket.onopen = () => {
      opened = true
      this.#attempt = 0
      this.#heard()
      this.#ping()
      this.#watch()
    }
    socket.onmessage = (event) => this.#receive(event.data)
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code)
    }
    this.#later(CONNECT_WITHIN_MS, () => {
      if (!opened && this.#socket === socket) this.#lost(0)
    })
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
    }
  }

  #lost(code: number): void {
    this.#drop()
    this.#clearTimers()
    this.#set({ link: { kind: 'lost', heardMs: this.#heardMs } })
    if (code === UNKNOWN_RAFFLE) return
    if (code === PROTOCOL_ERROR) this.#attempt = Math.max(this.#attempt, 5)
    this.#later(this.#nextBackoff(), () => this.#reconnectNow())
  }

  /** The socket replays facts; the whole view comes along because it works where sockets are blocked. */
  #reconnectNow(): void {
    this.#clearTimers()
    if (this.#gone) {
      // Where nothing was ever shown, the page says so and asks again only when somebody comes back to it.
      if (this.#state.view === null) return
      void this.refetch()
      this.#later(this.#nextBackoff(), () => this.#reconnectNow())
      return
    }
    if (this.#attempt > 1) void this.refetch()
    if (this.#socket === null) this.#connect()
  }

  #heard(): void {
    this.#heardMs = this.#now()
    if (this.#state.link.kind !== 'live') this.#set({ link: { kind: 'live' } })
  }

  #ping(): void {
    this.#send({ t: 'ping', client_time_ms: Math.round(this.#now()) })
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message))
  }

  /** A silent line is first called stale, then given up. */
  #watch(): void {
    this.#later(PING_EVERY_MS / 2, () => {
      if (this.#socket === null) return
      const silentMs = this.#now() - (this.#heardMs ?? 0)
      if (silentMs >= DEAD_AFTER_MS) {
        this.#lost(0)
        return
      }
      if (silentMs >= STALE_AFTER_MS && this.#heardMs !== null) {
        this.#set({ link: { kind: 'stale', heardMs: this.#heardMs } })
      }
      if (silentMs >= PING_EVERY_MS / 2 || this.#now() - this.#pingedMs >= PING_EVERY_MS) {
        this.#pingedMs = this.#now()
        this.#ping()
      }
      this.#watch()
    })
  }

  #receive(data: unknown): void {
    if (typeof data !== 'string' || this.#state.view === null) return
    this.#heard()
    const push = parse(data)
    if (push === null) return
    const view = this.#state.view
    switch (push.t) {
      case 'hello':
        if (push.epoch !== view.raffle.epoch || push.facts_position < view.raffle.facts_position)
          void this.refetch()
        break
      case 'state':
        this.#take(foldState(view, push))
        break
      case 'fact': {
        const next = foldFact(view, push)
        if (next === 'refetch') void this.refetch()
        else {
          this.#take(next)
          // These bring more than the fact carries: prices, the plan, reserves.
          if (next !== view && REFETCH_AFTER.has(push.kind)) void this.refetch()
        }
        break
      }
      case 'pong':
        this.clock.observe(push.client_time_ms, this.#now(), push.server_time_ms)
        break
      case 'refetch':
        void this.refetch()
        break
      case 'error':
        break
    }
  }

  #take(view: LiveView): void {
    if (view !== this.#state.view) this.#set({ view })
  }
}

/** A frame that is not ours is left alone; the next state push or a gap puts things right. */
function parse(data: string): Push | null {
  try {
    return JSON.parse(data) as Push
  } catch {
    return null
  }
}

const REFETCH_AFTER = new Set<string>(['opened', 'draw_planned', 'published', 'reconciled'])
