/** Keeps one raffle's cached view live: the operator socket folds its pushes into the query cache. */
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import {
  createContext,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react'
import { session } from '../api/client'
import { socketTicket } from '../api/commands'
import { keys, queryClient, raffleQuery } from '../api/queries'
import { reachability } from '../api/reachability'
import { serverClock } from './clock'
import { foldBoard, foldFact, foldState, reasonsMoved, type LiveRaffle } from './fold'
import type { Push } from './push'
import { OperatorSocket, type Link } from './socket'

const LinkContext = createContext<Link | null>(null)

/** How the commands of this page reach the server. Screens without a socket go by the last answer. */
export function useLink(): Link {
  const socket = useContext(LinkContext)
  const downSinceMs = useSyncExternalStore(reachability.subscribe, reachability.get)
  return useMemo(() => {
    if (socket) return socket
    return downSinceMs === null ? { phase: 'live' } : { phase: 'down', sinceMs: downSinceMs, retryAtMs: null }
  }, [socket, downSinceMs])
}

export const isDown = (link: Link): boolean => link.phase === 'down' || link.phase === 'stopped'

async function address(raffleId: string): Promise<string> {
  const { ticket } = await socketTicket()
  const url = new URL('/ws/operator', window.location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const view = queryClient.getQueryData<LiveRaffle>(keys.raffle(raffleId))
  url.search = new URLSearchParams({
    ticket,
    raffle_id: raffleId,
    ...(view ? { facts_from: String(view.facts.position) } : {}),
  }).toString()
  return url.href
}

/** Folds one push into the cache. Returns the queries to ask for again, if any. */
function receive(raffleId: string, push: Push): 'nothing' | 'refetch' {
  const view = queryClient.getQueryData<LiveRaffle>(keys.raffle(raffleId))
  if (!view) return push.t === 'hello' ? 'refetch' : 'nothing'
  const put = (next: LiveRaffle) => queryClient.setQueryData(keys.raffle(raffleId), next)
  switch (push.t) {
    case 'state': {
      const next = foldState(view, push)
      if (next === view) return 'nothing'
      put(next)
      return reasonsMoved(view, next) ? 'refetch' : 'nothing'
    }
    case 'board': {
      const next = foldBoard(view, push)
      if (next === view) return 'nothing'
      put(next)
      return reasonsMoved(view, next) ? 'refetch' : 'nothing'
    }
    case 'fact': {
      const next = foldFact(view, push)
      if (next !== 'refetch') put(next)
      return next === view ? 'nothing' : 'refetch'
    }
    case 'hello':
      return push.epoch !== view.facts.epoch || push.facts_position < view.facts.position
        ? 'refetch'
        : 'nothing'
    case 'refetch':
      return 'refetch'
    case 'pong':
    case 'error':
      return 'nothing'
  }
}

/** Reasons of actions are the server's, and not all that changes them is pushed. */
const SLOW_MS = 15_000

/** A burst of facts is one refetch. */
function refetchSoon(raffleId: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  return () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      void queryClient.invalidateQueries({ queryKey: keys.raffle(raffleId) })
      void queryClient.invalidateQueries({ queryKey: ['draw'] })
      void queryClient.invalidateQueries({ queryKey: keys.raffles })
    }, 60)
  }
}

export function LiveRaffleProvider({ raffleId, children }: { raffleId: string; children: ReactNode }) {
  const [link, setLink] = useState<Link>({ phase: 'connecting' })
  // No socket for an event that is not there: the server would refuse it for ever.
  const known = useLiveRaffle(raffleId).data !== undefined
  useEffect(() => {
    if (!known) return
    const refetch = refetchSoon(raffleId)
    const socket = new OperatorSocket({
      address: () => address(raffleId),
      renewSession: () => session.renew(),
      onPush: (push) => {
        if (receive(raffleId, push) === 'refetch') refetch()
      },
      onLink: (next) => {
        setLink(next)
        // What happened while the line was down came by no push.
        if (next.phase === 'live') refetch()
      },
      clock: serverClock,
    })
    socket.start()
    // Each push restarts the query's own interval, so with a busy line it would never come round.
    const slow = setInterval(() => {
      void queryClient.invalidateQueries({ queryKey: keys.raffle(raffleId), exact: true })
    }, SLOW_MS)
    const onVisible = () => {
      if (document.visibilityState === 'visible') socket.retryNow()
    }
    window.addEventListener('online', socket.retryNow)
    document.addEventListener('visibilitychange', onVisible)
    return () => {
      clearInterval(slow)
      window.removeEventListener('online', socket.retryNow)
      document.removeEventListener('visibilitychange', onVisible)
      socket.stop()
    }
  }, [raffleId, known])
  return <LinkContext value={link}>{children}</LinkContext>
}

export const useLiveRaffle = (raffleId: string): UseQueryResult<LiveRaffle> => useQuery(raffleQuery(raffleId))
