/** Every read this app makes. Keys are built here and nowhere else. */
import { QueryClient, infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { foldSnapshot, type LiveRaffle } from '../live/fold'
import { api, body } from './client'
import { ApiError, NoAnswerError } from './problem'
import type { Channel, RaffleAdmin, TicketState } from './types'

export const queryClient = new QueryClient({
  defaultOptions: {
    // A hall's own network often has no way out: the browser's idea of being online says nothing.
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      retry: (count, error) =>
        count < 2 && (error instanceof NoAnswerError || (error instanceof ApiError && error.status === 503)),
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

export const keys = {
  raffles: ['raffles'],
  raffle: (id: string) => ['raffle', id],
  reconciliation: (id: string) => ['raffle', id, 'reconciliation'],
  curve: (id: string) => ['raffle', id, 'curve'],
  report: (id: string) => ['raffle', id, 'report'],
  tickets: (id: string) => ['raffle', id, 'tickets'],
  draw: (id: string) => ['draw', id],
  drawResults: (id: string) => ['draw', id, 'results'],
  ticket: (id: string) => ['ticket', id],
  devices: ['devices'],
  users: ['users'],
  venues: ['venues'],
  log: ['log'],
} as const

export const rafflesQuery = infiniteQueryOptions({
  queryKey: keys.raffles,
  queryFn: ({ pageParam }) =>
    body(api.GET('/api/v1/admin/raffles', { params: { query: { limit: 50, cursor: pageParam } } })),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.next_cursor ?? undefined,
  refetchInterval: 5_000,
})

export const fetchRaffle = (id: string): Promise<RaffleAdmin> =>
  body(api.GET('/api/v1/admin/raffles/{id}', { params: { path: { id } } }))

/** The live view of one raffle: snapshots are folded under whatever was pushed after them. */
export const raffleQuery = (id: string) =>
  queryOptions({
    queryKey: keys.raffle(id),
    queryFn: async (): Promise<LiveRaffle> => {
      const raffle = await fetchRaffle(id)
      return foldSnapshot(queryClient.getQueryData<LiveRaffle>(keys.raffle(id)), raffle)
    },
    // Where no line is up; with one, LiveRaffle asks by the clock.
    refetchInterval: 15_000,
    structuralSharing: false,
  })

/** A command's answer is a snapshot like any other. */
export function takeRaffle(raffle: RaffleAdmin): void {
  queryClient.setQueryData<LiveRaffle>(keys.raffle(raffle.id), (view) => foldSnapshot(view, raffle))
}

export const reconciliationQuery = (id: string) =>
  queryOptions({
    queryKey: keys.reconciliation(id),
    queryFn: () => body(api.GET('/api/v1/admin/raffles/{id}/reconciliation', { params: { path: { id } } })),
    refetchInterval: 10_000,
  })

export const curveQuery = (id: string) =>
  queryOptions({
    queryKey: keys.curve(id),
    queryFn: () => body(api.GET('/api/v1/admin/raffles/{id}/curve', { params: { path: { id } } })),
    refetchInterval: 30_000,
  })

export const reportQuery = (id: string) =>
  queryOptions({
    queryKey: keys.report(id),
    queryFn: () => body(api.GET('/api/v1/reports/sales', { params: { query: { raffle_id: id } } })),
    refetchInterval: 15_000,
  })

export interface TicketFilter {
  state?: TicketState | undefined
  channel?: Channel | undefined
}

export const ticketsQuery = (id: string, filter: TicketFilter) =>
  infiniteQueryOptions({
    queryKey: [...keys.tickets(id), filter],
    queryFn: ({ pageParam }) =>
      body(
        api.GET('/api/v1/tickets/raffle/{raffle_id}', {
          params: { path: { raffle_id: id }, query: { limit: 50, cursor: pageParam, ...filter } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  })

export const ticketQuery = (id: string) =>
  queryOptions({
    queryKey: keys.ticket(id),
    queryFn: () => body(api.GET('/api/v1/tickets/{id}/validate', { params: { path: { id } } })),
  })

export const drawQuery = (id: string) =>
  queryOptions({
    queryKey: keys.draw(id),
    queryFn: () => body(api.GET('/api/v1/draw/{id}/status', { params: { path: { id } } })),
    refetchInterval: 10_000,
  })

export const drawResultsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.drawResults(id),
    queryFn: () => body(api.GET('/api/v1/draw/{id}/results', { params: { path: { id } } })),
  })

export const devicesQuery = queryOptions({
  queryKey: keys.devices,
  queryFn: () => body(api.GET('/api/v1/devices')),
  refetchInterval: 10_000,
})

export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: () => body(api.GET('/api/v1/admin/users')),
})

export const venuesQuery = queryOptions({
  queryKey: keys.venues,
  queryFn: () => body(api.GET('/api/v1/admin/venues')),
})

export const logQuery = (filter: { code?: string | undefined }) =>
  queryOptions({
    queryKey: [...keys.log, filter],
    queryFn: () =>
      body(api.GET('/api/v1/admin/significant-events', { params: { query: { limit: 200, ...filter } } })),
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  })
