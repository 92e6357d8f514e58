import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RaffleView, Result } from '../api/client'
import { Feed, type FeedState, type Socket, backoffMs } from '../live/feed'
import { ok, problem, sampleRaffle, sampleState, sampleWinner } from './sample'

class FakeSocket implements Socket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  sent: Record<string, unknown>[] = []
  closed = false
  constructor(readonly from: number) {}
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close() {
    this.closed = true
  }
  push(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

let server: RaffleView
let views: Result<RaffleView>[]
let sockets: FakeSocket[]
let states: FeedState[]
let fetches: number
let feed: Feed

function socket(): FakeSocket {
  const last = sockets.at(-1)
  if (last === undefined) throw new Error('no socket')
  return last
}
function state(): FeedState {
  const last = states.at(-1)
  if (last === undefined) throw new Error('no state')
  return last
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  server = sampleRaffle({ server_time_ms: 1_000_000 })
  views = []
  sockets = []
  states = []
  fetches = 0
  feed = new Feed({
    fetchView: () => {
      fetches++
      return Promise.resolve(views.shift() ?? { ...ok(server), sentMs: Date.now(), receivedMs: Date.now() })
    },
    openSocket: (from) => {
      const made = new FakeSocket(from)
      sockets.push(made)
      return made
    },
    onChange: (next) => states.push(next),
    random: () => 0.5,
  })
})
afterEach(() => {
  feed.stop()
  vi.useRealTimers()
})

async function connect() {
  feed.start()
  await vi.advanceTimersByTimeAsync(0)
  socket().onopen?.()
}

describe('feed', () => {
  it('fetches the whole, then listens from its position', async () => {
    await connect()
    expect(socket().from).toBe(1)
    expect(state()).toMatchObject({ link: { kind: 'live' }, problem: null })
    socket().push(sampleState({ jackpot_minor: 1250 }))
    expect(state().view?.shown.minor).toBe(1250)
  })

  it('brings the result in without a reload', async () => {
    await connect()
    socket().push({
      t: 'fact',
      epoch: 1,
      position: 2,
      at_ms: 5,
      kind: 'published',
      data: { draw_id: 'd1', draw_no: 1, winners: [sampleWinner(412_377)] },
    })
    expect(state().view?.raffle.draws[0]?.winners?.[0]?.number).toBe(412_377)
  })

  it('fetches again after a gap, and then says where it is', async () => {
    await connect()
    server = sampleRaffle({ facts_position: 4, status: 'suspended', suspended_reason: 'rain' })
    socket().push({ t: 'fact', epoch: 1, position: 4, at_ms: 5, kind: 'suspended', data: { reason: 'rain' } })
    await vi.advanceTimersByTimeAsync(0)
    expect(fetches).toBe(2)
    expect(state().view?.raffle.status).toBe('suspended')
    expect(socket().sent.at(-1)).toEqual({ t: 'resume', facts_position: 4 })
  })

  it('fetches again when told to, or when a new writer greets', async () => {
    await connect()
    socket().push({ t: 'refetch' })
    await vi.advanceTimersByTimeAsync(0)
    expect(fetches).toBe(2)
    server = sampleRaffle({ epoch: 2 })
    socket().push({ t: 'hello', raffle_id: 'r1', epoch: 2, server_time_ms: 0, facts_position: 1 })
    await vi.advanceTimersByTimeAsync(0)
    expect(fetches).toBe(3)
    expect(state().view?.raffle.epoch).toBe(2)
  })

  it('comes back by itself and keeps showing what it had', async () => {
    await connect()
    socket().push(sampleState({ jackpot_minor: 1250 }))
    socket().onclose?.({ code: 4000 })
    expect(state()).toMatchObject({ link: { kind: 'lost', heardMs: 1_000_000 } })
    expect(state().view?.shown.minor).toBe(1250)
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
    socket().onopen?.()
    expect(state().link.kind).toBe('live')
  })

  it('does not come back to a raffle that does not exist', async () => {
    await connect()
    socket().onclose?.({ code: 4012 })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(1)
  })

  it('opens no socket before it knows that the raffle exists', async () => {
    views = [problem(404, 'unknown_raffle'), problem(404, 'unknown_raffle')]
    feed.start()
    feed.wake()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(0)
    // Somebody comes back to the page when the event has been announced.
    feed.wake()
    await vi.advanceTimersByTimeAsync(0)
    expect(sockets).toHaveLength(1)
  })

  it('opens no further socket while the server does not know the raffle any more', async () => {
    await connect()
    views = Array.from({ length: 40 }, () => problem(404, 'unknown_raffle'))
    socket().onclose?.({ code: 1006 })
    await vi.advanceTimersByTimeAsync(120_000)
    const tried = sockets.length
    expect(tried).toBeLessThan(5)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(tried)
    // It shows what it had, and goes on when the raffle is back.
    expect(state().view).not.toBeNull()
    views = []
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets.length).toBeGreaterThan(tried)
  })

  it('waits long after a protocol error', async () => {
    await connect()
    socket().onclose?.({ code: 4003 })
    await vi.advanceTimersByTimeAsync(7000)
    expect(sockets).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(8000)
    expect(sockets).toHaveLength(2)
  })

  it('gives up a socket that never opens', async () => {
    feed.start()
    await vi.advanceTimersByTimeAsync(11_500)
    expect(sockets.length).toBeGreaterThan(1)
    expect(sockets[0]?.closed).toBe(true)
  })

  it('keeps the figures fresh by fetching where sockets are blocked', async () => {
    await connect()
    for (let i = 0; i < 4; i++) {
      socket().onclose?.({ code: 1006 })
      await vi.advanceTimersByTimeAsync(15_000)
    }
    expect(fetches).toBeGreaterThan(2)
  })

  it('calls a silent line stale, then lost', async () => {
    await connect()
    await vi.advanceTimersByTimeAsync(16_000)
    expect(state().link).toEqual({ kind: 'stale', heardMs: 1_000_000 })
    expect(socket().sent.some((message) => message.t === 'ping')).toBe(true)
    await vi.advanceTimersByTimeAsync(11_000)
    expect(state().link.kind).toBe('lost')
    expect(sockets[0]?.closed).toBe(true)
  })

  it('stays live while pongs come, and measures the clock with them', async () => {
    await connect()
    for (let i = 0; i < 12; i++) {
      await vi.advanceTimersByTimeAsync(5000)
      socket().push({ t: 'pong', client_time_ms: Date.now(), server_time_ms: Date.now() + 250 })
    }
    expect(state().link.kind).toBe('live')
    expect(feed.clock.now() - Date.now()).toBeGreaterThan(0)
  })

  it('does not sit out the waiting time when somebody comes back', async () => {
    await connect()
    socket().onclose?.({ code: 1006 })
    feed.wake()
    expect(sockets).toHaveLength(2)
  })

  it('says when there is nothing, and keeps trying when it only could not reach it', async () => {
    views = [problem(404, 'unknown_raffle')]
    feed.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(state().problem).toBe('not_found')
    expect(fetches).toBe(1)

    feed.stop()
    views = [{ kind: 'no_reply' }, { kind: 'no_reply' }]
    fetches = 0
    const again = new Feed({
      fetchView: () => {
        fetches++
        return Promise.resolve(views.shift() ?? ok(server))
      },
      openSocket: (from) => new FakeSocket(from),
      onChange: (next) => states.push(next),
      random: () => 0.5,
    })
    again.start()
    await vi.advanceTimersByTimeAsync(0)
    expect(state().problem).toBe('unreachable')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(state()).toMatchObject({ problem: null })
    expect(fetches).toBe(3)
    again.stop()
  })

  it('leaves alone what is not a message', async () => {
    await connect()
    const before = state()
    socket().onmessage?.({ data: 'not json' })
    socket().onmessage?.({ data: new ArrayBuffer(1) })
    expect(state()).toBe(before)
  })
})

describe('waiting time', () => {
  it('stays within half a second and fifteen, growing and spread', () => {
    for (let attempt = 0; attempt < 20; attempt++) {
      for (const random of [0, 0.25, 0.5, 0.999]) {
        const wait = backoffMs(attempt, random)
        expect(wait).toBeGreaterThanOrEqual(500)
        expect(wait).toBeLessThanOrEqual(15_000)
      }
    }
    expect(backoffMs(0, 0.999)).toBeLessThan(1000)
    expect(backoffMs(9, 0.999)).toBeGreaterThan(14_000)
    expect(backoffMs(9, 0.2)).not.toBe(backoffMs(9, 0.8))
  })
})
