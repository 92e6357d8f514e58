import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ServerClock } from './clock'
import type { Push } from './push'
import { OperatorSocket, type Link, type Transport } from './socket'

class FakeTransport implements Transport {
  sent: string[] = []
  closed = false
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  send(text: string) {
    this.sent.push(text)
  }
  close() {
    this.closed = true
  }
  say(push: object) {
    this.onmessage?.({ data: JSON.stringify(push) })
  }
}

function setUp(address: () => Promise<string> = () => Promise.resolve('ws://x')) {
  const transports: FakeTransport[] = []
  const links: Link[] = []
  const pushes: Push[] = []
  const renewSession = vi.fn(() => Promise.resolve(true))
  const socket = new OperatorSocket({
    address,
    renewSession,
    onPush: (push) => pushes.push(push),
    onLink: (link) => links.push(link),
    clock: new ServerClock(),
    random: () => 0,
    connect: () => {
      const transport = new FakeTransport()
      transports.push(transport)
      return transport
    },
  })
  return { socket, transports, links, pushes, renewSession }
}

const hello = { t: 'hello', raffle_id: 'r1', epoch: 1, server_time_ms: 1, facts_position: 3 }
const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the operator socket', () => {
  it('is live with the server’s hello, not with the open line', async () => {
    const { socket, transports, links, pushes } = setUp()
    socket.start()
    await settle()
    transports[0]?.onopen?.()
    expect(links).toEqual([])
    transports[0]?.say(hello)
    expect(links).toEqual([{ phase: 'live' }])
    expect(pushes).toHaveLength(1)
    expect(JSON.parse(transports[0]?.sent[0] ?? '')).toMatchObject({ t: 'ping' })
  })

  it('keeps pongs to itself', async () => {
    const { socket, transports, pushes } = setUp()
    socket.start()
    await settle()
    transports[0]?.onopen?.()
    transports[0]?.say({ t: 'pong', client_time_ms: 1, server_time_ms: 2 })
    expect(pushes).toEqual([])
  })

  it.each([1006, 1000, 4000, 4001, 4002])('comes back after close code %i', async (code) => {
    const { socket, transports, links } = setUp()
    socket.start()
    await settle()
    transports[0]?.onclose?.({ code })
    expect(links.at(-1)).toMatchObject({ phase: 'down' })
    await vi.advanceTimersByTimeAsync(500)
    expect(transports).toHaveLength(2)
  })

  it.each([
    [4003, 'protocol'],
    [4011, 'forbidden'],
    [4012, 'unknown_raffle'],
  ])('stays away after close code %i', async (code, why) => {
    const { socket, transports, links } = setUp()
    socket.start()
    await settle()
    transports[0]?.onclose?.({ code })
    expect(links.at(-1)).toMatchObject({ phase: 'stopped', why })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(transports).toHaveLength(1)
  })

  it('renews the session when its ticket was refused', async () => {
    const { socket, transports, renewSession } = setUp()
    socket.start()
    await settle()
    transports[0]?.onclose?.({ code: 4010 })
    await vi.advanceTimersByTimeAsync(500)
    expect(renewSession).toHaveBeenCalledOnce()
    expect(transports).toHaveLength(2)
  })

  it('goes on trying while no ticket can be had, and says since when it is down', async () => {
    vi.setSystemTime(1_000_000)
    const { socket, transports, links } = setUp(() => Promise.reject(new Error('no server')))
    socket.start()
    await settle()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(transports).toHaveLength(0)
    expect(links.length).toBeGreaterThan(2)
    expect(links.every((link) => link.phase === 'down' && link.sinceMs === 1_000_000)).toBe(true)
  })

  it('takes a line that answers no pings for dead', async () => {
    const { socket, transports, links } = setUp()
    socket.start()
    await settle()
    transports[0]?.onopen?.()
    transports[0]?.say(hello)
    await vi.advanceTimersByTimeAsync(16_000)
    expect(transports[0]?.closed).toBe(true)
    expect(links.some((link) => link.phase === 'down')).toBe(true)
  })

  it('does nothing any more once stopped', async () => {
    const { socket, transports, links } = setUp()
    socket.start()
    await settle()
    socket.stop()
    transports[0]?.onclose?.({ code: 1006 })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(transports).toHaveLength(1)
    expect(links).toEqual([])
  })
})
