/**
 * The operator socket of one raffle: connects with a one-use ticket, measures the clock, hands pushes on, and
 * comes back with jittered waits. Framework-free; `socket.test.ts` drives it with a fake transport.
 */
import { backoffMs } from './backoff'
import { steadyNow, type ServerClock } from './clock'
import type { Push } from './push'

export type Link =
  | { phase: 'connecting' }
  | { phase: 'live' }
  | { phase: 'down'; sinceMs: number; retryAtMs: number | null }
  /** Reconnecting would get the same answer. */
  | { phase: 'stopped'; sinceMs: number; why: 'protocol' | 'forbidden' | 'unknown_raffle' }

type AfterClose = 'reconnect' | 'renew' | Extract<Link, { phase: 'stopped' }>['why']

/** The documented close codes. Any other (a cut line is 1006) means reconnect. */
const afterClose: Partial<Record<number, AfterClose>> = {
  4003: 'protocol',
  4010: 'renew',
  4011: 'forbidden',
  4012: 'unknown_raffle',
}

/** A connection that stays silent this long after a ping is dead, whatever the system believes. */
const SILENCE_MS = 12_000
const PING_MS = 5_000

export interface Transport {
  send(text: string): void
  close(): void
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: ((event: { code: number }) => void) | null
}

export interface SocketOptions {
  /** A fresh address with a one-use ticket in it. Throws when there is none to be had. */
  address: () => Promise<string>
  renewSession: () => Promise<boolean>
  onPush: (push: Push) => void
  onLink: (link: Link) => void
  clock: ServerClock
  connect?: (address: string) => Transport
  random?: () => number
}

export class OperatorSocket {
  readonly #options: SocketOptions
  #transport: Transport | null = null
  #link: Link = { phase: 'connecting' }
  #attempt = 0
  #heardMs = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #pinger: ReturnType<typeof setInterval> | undefined
  #stopped = false

  constructor(options: SocketOptions) {
    this.#options = options
  }

  start(): void {
    void this.#connect()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    clearInterval(this.#pinger)
    const transport = this.#transport
    this.#transport = null
    if (transport) {
      transport.onclose = null
      transport.onmessage = null
      transport.close()
    }
  }

  /** The network came back or the tab was brought forward: no need to sit out the wait. */
  retryNow = (): void => {
    if (this.#stopped || this.#link.phase !== 'down' || this.#transport) return
    clearTimeout(this.#timer)
    void this.#connect()
  }

  async #connect(): Promise<void> {
    let address: string
    try {
      address = await this.#options.address()
    } catch {
      this.#lost('reconnect')
      return
    }
    // `stop` may have been called while the ticket was on its way.
    if (this.#isStopped()) return
    const transport = (this.#options.connect ?? openWebSocket)(address)
    this.#transport = transport
    transport.onopen = () => {
      this.#heardMs = steadyNow()
      this.#options.clock.forget()
      this.#ping()
      this.#pinger = setInterval(this.#beat, PING_MS)
    }
    transport.onmessage = (event) => {
      if (typeof event.data !== 'string') return
      this.#heardMs = steadyNow()
      this.#receive(JSON.parse(event.data) as Push)
    }
    transport.onclose = (event) => this.#lost(afterClose[event.code] ?? 'reconnect')
  }

  #isStopped(): boolean {
    return this.#stopped
  }

  #receive(push: Push): void {
    switch (push.t) {
      case 'hello':
        this.#options.clock.stamp(push.server_time_ms)
        this.#attempt = 0
        this.#set({ phase: 'live' })
        break
      case 'pong':
        this.#options.clock.exchange(push.client_time_ms, push.server_time_ms)
        return
      default:
    }
    this.#options.onPush(push)
  }

  #ping(): void {
    this.#transport?.send(JSON.stringify({ t: 'ping', client_time_ms: Math.round(steadyNow()) }))
  }

  #beat = (): void => {
    if (steadyNow() - this.#heardMs > SILENCE_MS) {
      this.#transport?.close()
      this.#lost('reconnect')
    } else {
      this.#ping()
    }
  }

  #lost(after: AfterClose): void {
    clearInterval(this.#pinger)
    if (this.#transport) {
      this.#transport.onclose = null
      this.#transport.onmessage = null
      this.#transport = null
    }
    if (this.#stopped) return
    const sinceMs =
      this.#link.phase === 'down' || this.#link.phase === 'stopped' ? this.#link.sinceMs : Date.now()
    if (after !== 'reconnect' && after !== 'renew') {
      this.#set({ phase: 'stopped', sinceMs, why: after })
      return
    }
    const waitMs = backoffMs(this.#attempt, this.#options.random)
    this.#attempt += 1
    this.#set({ phase: 'down', sinceMs, retryAtMs: Date.now() + waitMs })
    this.#timer = setTimeout(() => {
      if (after === 'renew') void this.#options.renewSession().then(() => this.#connect())
      else void this.#connect()
    }, waitMs)
  }

  #set(link: Link): void {
    this.#link = link
    this.#options.onLink(link)
  }
}

function openWebSocket(address: string): Transport {
  return new WebSocket(address) as Transport
}
