import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ApiOrder, Result } from '../api/client'
import type { Order } from '../purchase/order'
import { Purchases, newKey } from '../purchase/purchases'
import { OrderStore } from '../purchase/store'
import { answer, ok, problem, sampleRaffle } from './sample'

type Reply = Result<ApiOrder> | ((order: Order) => Result<ApiOrder>)

/** A shop that answers from a list and remembers what it was asked. */
function shop(sends: Reply[], asks: Reply[] = []) {
  const log: string[] = []
  const keys = new Set<string>()
  const take = (list: Reply[], word: string) => (order: Order) => {
    log.push(word)
    keys.add(order.key)
    const reply = list.shift() ?? { kind: 'no_reply' as const }
    return Promise.resolve(typeof reply === 'function' ? reply(order) : reply)
  }
  return { log, keys, api: { send: take(sends, 'send'), ask: take(asks, 'ask') } }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  localStorage.clear()
})
afterEach(() => vi.useRealTimers())

function open(api: ReturnType<typeof shop>['api'], store = new OrderStore(localStorage)) {
  return { store, purchases: new Purchases({ api, store, random: () => 0.5 }) }
}

describe('buying', () => {
  it('stores the key before the first byte leaves', () => {
    let stored: string | null = null
    const { purchases } = open({
      send: (order) => {
        stored = localStorage.getItem('drumroll.orders.1')
        expect(stored).toContain(order.key)
        return Promise.resolve(ok(answer('paid', order.key), 201))
      },
      ask: () => Promise.reject(new Error('not asked')),
    })
    const order = purchases.buy(sampleRaffle(), 2, 'pay')
    expect(stored).not.toBeNull()
    expect(order).toMatchObject({ numbers: 60, price_minor: 2000, outcome: 'pay', phase: 'sending' })
  })

  it('gets one ticket through dropped replies, with one key', async () => {
    const { api, log, keys } = shop(
      [{ kind: 'no_reply' }, ok(answer('held'), 202)],
      [{ kind: 'no_reply' }, ok(answer('not_seen')), problem(503, 'overloaded', 3000), ok(answer('paid'))],
    )
    const { purchases, store } = open(api)
    purchases.buy(sampleRaffle(), 1, 'pay')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log).toEqual(['send', 'ask', 'ask', 'send', 'ask', 'ask'])
    expect(keys.size).toBe(1)
    expect(store.all()[0]).toMatchObject({ phase: 'paid' })
    expect(store.ticket('H4XW-9PQM-2RKD-7T3C')).not.toBeNull()
  })

  it('waits as long as the server asks it to', async () => {
    const { api, log } = shop([problem(503, 'overloaded', 20_000)], [ok(answer('paid'))])
    const { purchases } = open(api)
    purchases.buy(sampleRaffle(), 1, 'pay')
    await vi.advanceTimersByTimeAsync(19_000)
    expect(log).toEqual(['send'])
    await vi.advanceTimersByTimeAsync(2000)
    expect(log).toEqual(['send', 'ask'])
  })

  it('goes on in a new page, asking first', async () => {
    const before = shop([() => new Promise(() => undefined) as never])
    open(before.api).purchases.buy(sampleRaffle(), 1, 'late_webhook')
    const after = shop([], [ok(answer('held')), ok(answer('paid'))])
    const { purchases, store } = open(after.api)
    purchases.resume()
    purchases.resume()
    await vi.advanceTimersByTimeAsync(30_000)
    expect(after.log).toEqual(['ask', 'ask'])
    expect(store.all()[0]?.phase).toBe('paid')
  })

  it('stops at a decline and tells whoever listens', async () => {
    const { api, log } = shop([problem(402, 'payment_declined')])
    const { purchases, store } = open(api)
    const heard = vi.fn()
    purchases.subscribe(heard)
    purchases.buy(sampleRaffle(), 1, 'decline')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log).toEqual(['send'])
    expect(store.all()[0]?.phase).toBe('declined')
    expect(heard).toHaveBeenCalledTimes(2)
  })

  it('works, and says so, in a browser that does not keep anything', async () => {
    const { api } = shop([ok(answer('paid'), 201)])
    const { purchases, store } = open(api, new OrderStore(null))
    expect(store.keeps).toBe(false)
    const { key } = purchases.buy(sampleRaffle(), 1, 'pay')
    await vi.advanceTimersByTimeAsync(10)
    expect(store.find(key)?.phase).toBe('paid')
  })

  it('falls back to memory when storing fails half way', () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new Error('full')
      },
    } as unknown as Storage
    const store = new OrderStore(full)
    const { api } = shop([])
    const { key } = open(api, store).purchases.buy(sampleRaffle(), 1, 'pay')
    expect(store.keeps).toBe(false)
    expect(store.find(key)).not.toBeNull()
  })

  it('reads nothing out of a spoilt store', () => {
    localStorage.setItem('drumroll.orders.1', '{"not":"a list"')
    expect(new OrderStore(localStorage).all()).toEqual([])
  })

  it('drops failed orders after a day and keeps tickets', () => {
    const store = new OrderStore(localStorage)
    const { api } = shop([])
    const { purchases } = open(api, store)
    const failed = purchases.buy(sampleRaffle(), 1, 'pay')
    store.put({ ...failed, phase: 'declined' })
    const kept = purchases.buy(sampleRaffle(), 1, 'pay')
    store.put({ ...kept, phase: 'paid' })
    vi.setSystemTime(25 * 3600_000)
    const { key } = purchases.buy(sampleRaffle(), 1, 'pay')
    expect(store.all().map((order) => order.key)).toEqual([key, kept.key])
  })

  it('makes keys that are UUIDs, and different', () => {
    const keys = Array.from({ length: 100 }, newKey)
    expect(new Set(keys).size).toBe(100)
    for (const key of keys)
      expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
