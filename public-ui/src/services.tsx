import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { type RaffleView, type Result, get, isAnnounced, post } from './api/client'
import { type FeedState, Feed, type Socket } from './live/feed'
import { ServerClock } from './live/clock'
import type { Order } from './purchase/order'
import { Purchases } from './purchase/purchases'
import { OrderStore, browserStorage } from './purchase/store'

/** What screens need from outside; tests put their own in its place. */
export interface Services {
  fetchView: (id: string) => Promise<Result<RaffleView>>
  openSocket: (id: string, factsFrom: number) => Socket
  purchases: Purchases
}

export function browserServices(): Services {
  return {
    fetchView: async (id) => {
      const result = await get('/api/v1/raffles/{id}', { path: { id } })
      if (result.kind !== 'ok') return result
      const { body } = result
      if (isAnnounced(body)) return { ...result, body }
      return { kind: 'problem', status: 404, code: 'not_announced', detail: '', retryAfterMs: null }
    },
    openSocket: (id, factsFrom) => {
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
      const path = `/ws/public/raffles/${encodeURIComponent(id)}?facts_from=${factsFrom}`
      return new WebSocket(`${scheme}://${location.host}${path}`) as unknown as Socket
    },
    purchases: new Purchases({
      store: new OrderStore(browserStorage()),
      api: {
        send: (order) =>
          post('/api/v1/raffles/{id}/purchase', {
            path: { id: order.raffle_id },
            header: { 'Idempotency-Key': order.key },
            body: { lines: order.lines, payment: { outcome: order.outcome } },
          }),
        ask: (order) =>
          get('/api/v1/raffles/{id}/orders/{key}', { path: { id: order.raffle_id, key: order.key } }),
      },
    }),
  }
}

export const ServicesContext = createContext<Services | null>(null)

export function useServices(): Services {
  const services = useContext(ServicesContext)
  if (services === null) throw new Error('no services')
  return services
}

export type Live = FeedState & {
  clock: ServerClock
  /** Asks now: for a lost line, and for what is not pushed. */
  refresh: () => void
}

/** One raffle, kept current while the screen is up. */
export function useLive(id: string): Live {
  const services = useServices()
  const [state, setState] = useState<Live>(() => ({
    view: null,
    link: { kind: 'connecting' },
    problem: null,
    clock: new ServerClock(),
    refresh: () => undefined,
  }))
  useEffect(() => {
    if (id === '') return
    const feed: Feed = new Feed({
      fetchView: () => services.fetchView(id),
      openSocket: (factsFrom) => services.openSocket(id, factsFrom),
      onChange: (next) => setState({ ...next, clock: feed.clock, refresh }),
    })
    const refresh = () => feed.wake()
    const wake = () => {
      if (document.visibilityState === 'visible') feed.wake()
    }
    feed.start()
    addEventListener('online', wake)
    document.addEventListener('visibilitychange', wake)
    return () => {
      removeEventListener('online', wake)
      document.removeEventListener('visibilitychange', wake)
      feed.stop()
    }
  }, [id, services])
  return state
}

/** Orders on this phone, newest first; of one raffle or of all. */
export function useOrders(raffleId: string | null): Order[] {
  const { purchases } = useServices()
  const [orders, setOrders] = useState(() => purchases.store.all())
  useEffect(() => {
    const read = () => setOrders(purchases.store.all())
    read()
    return purchases.subscribe(read)
  }, [purchases])
  return raffleId === null ? orders : orders.filter((order) => order.raffle_id === raffleId)
}
