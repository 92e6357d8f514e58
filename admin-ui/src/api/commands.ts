/** Every change this app asks for. One function, one endpoint. */
import { api, body, done, open, session } from './client'
import { keys, queryClient, takeRaffle } from './queries'
import type {
  Approver,
  DrawStatus,
  QuarantineResolution,
  RaffleAdmin,
  RaffleConfig,
  RaffleKind,
  Role,
  TicketState,
} from './types'

// ── Accounts ──────────────────────────────────────────────────────────────

export async function signIn(login: string, password: string): Promise<void> {
  session.begin(await body(open.POST('/api/v1/auth/login', { body: { login, password } })))
}

export async function signOut(): Promise<void> {
  const refreshToken = session.refreshToken
  session.end('asked')
  queryClient.clear()
  if (refreshToken === null) return
  // The tokens are gone from here whatever the server answers.
  await done(open.POST('/api/v1/auth/logout', { body: { refresh_token: refreshToken } })).catch(
    () => undefined,
  )
}

/** A changed password ends every session, this one too: a new one begins with the new password. */
export async function changePassword(login: string, current: string, next: string): Promise<void> {
  await done(api.POST('/api/v1/auth/password', { body: { current_password: current, new_password: next } }))
  await signIn(login, next).catch(() => session.end('expired'))
}

export const socketTicket = () => body(api.POST('/api/v1/auth/socket-ticket'))

// ── A raffle's life ───────────────────────────────────────────────────────

/** The answer is the newest snapshot; everything derived from the raffle is asked for again. */
async function settle(call: Promise<RaffleAdmin>): Promise<RaffleAdmin> {
  const raffle = await call
  takeRaffle(raffle)
  void queryClient.invalidateQueries({ queryKey: keys.raffles })
  void queryClient.invalidateQueries({ queryKey: keys.reconciliation(raffle.id) })
  return raffle
}

const at = (id: string) => ({ params: { path: { id } } })
const keyed = (key: string) => ({ params: { header: { 'Idempotency-Key': key } } })

export const createRaffle = (input: { name: string; kind: RaffleKind }, key: string) =>
  settle(body(api.POST('/api/v1/admin/raffles', { body: input, ...keyed(key) })))

export const configureRaffle = (id: string, config: RaffleConfig) =>
  settle(body(api.PUT('/api/v1/admin/raffles/{id}/configuration', { ...at(id), body: config })))

export const openRaffle = (id: string) => settle(body(api.POST('/api/v1/admin/raffles/{id}/open', at(id))))

export const suspendRaffle = (id: string, reason: string) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/suspend', { ...at(id), body: { reason } })))

export const resumeRaffle = (id: string) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/resume', at(id))))

export const closeRaffle = (id: string, input: { closes_at_ms: number | null; reason: string }) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/close', { ...at(id), body: input })))

export const extendRaffle = (id: string, input: { closes_at_ms: number; reason: string }) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/extend', { ...at(id), body: input })))

export const reconcileRaffle = (id: string) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/reconcile', at(id))))

export const acknowledgeRaffle = (
  id: string,
  input: { statement: string; sold: number; voided: number; unsold: number },
) => settle(body(api.POST('/api/v1/admin/raffles/{id}/acknowledge', { ...at(id), body: input })))

export const reopenReconciliation = (id: string, reason: string) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/reopen', { ...at(id), body: { reason } })))

export const cancelRaffle = (id: string, input: { reason: string; approver: Approver }) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/cancel', { ...at(id), body: input })))

export const settleDraw = (id: string, input: { draw_no: number; reason: string }) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/settle', { ...at(id), body: input })))

export const finalizeRaffle = (id: string) =>
  settle(body(api.POST('/api/v1/admin/raffles/{id}/finalize', at(id))))

export const decideQuarantined = (
  id: string,
  input: { device_id: string; device_seq: number; resolution: QuarantineResolution; reason: string },
) => settle(body(api.POST('/api/v1/admin/raffles/{id}/quarantine', { ...at(id), body: input })))

export const writeOffDevice = (
  id: string,
  deviceId: string,
  input: { operator: string; money_collected_minor: number; reason: string; approver: Approver },
) =>
  settle(
    body(
      api.POST('/api/v1/admin/raffles/{id}/devices/{device_id}/lost', {
        params: { path: { id, device_id: deviceId } },
        body: input,
      }),
    ),
  )

// ── Tickets ───────────────────────────────────────────────────────────────

export async function setTicketStatus(
  ticketId: string,
  input: { raffle_id: string; status: TicketState; reason: string },
) {
  const ticket = await body(api.PUT('/api/v1/tickets/{id}/status', { ...at(ticketId), body: input }))
  void queryClient.invalidateQueries({ queryKey: keys.raffle(input.raffle_id) })
  void queryClient.invalidateQueries({ queryKey: ['ticket'] })
  return ticket
}

// ── Draw ──────────────────────────────────────────────────────────────────

async function settleDrawStatus(call: Promise<DrawStatus>): Promise<DrawStatus> {
  const draw = await call
  queryClient.setQueryData(keys.draw(draw.id), draw)
  void queryClient.invalidateQueries({ queryKey: keys.drawResults(draw.id) })
  void queryClient.invalidateQueries({ queryKey: keys.raffle(draw.raffle_id) })
  return draw
}

export const lockDraw = (raffleId: string, drawNo: number) =>
  settleDrawStatus(
    body(api.POST('/api/v1/draw/initiate', { body: { raffle_id: raffleId, draw_no: drawNo } })),
  )

export const executeDraw = (drawId: string) =>
  settleDrawStatus(body(api.POST('/api/v1/draw/execute', { body: { draw_id: drawId } })))

export const publishDraw = (drawId: string, lockHash: string) =>
  settleDrawStatus(
    body(api.POST('/api/v1/draw/{id}/publish', { ...at(drawId), body: { lock_hash: lockHash } })),
  )

export const cancelDraw = (drawId: string, reason: string) =>
  settleDrawStatus(body(api.POST('/api/v1/draw/{id}/cancel', { ...at(drawId), body: { reason } })))

// ── Handhelds, people, venues ─────────────────────────────────────────────

async function refreshing<T>(key: readonly string[], call: Promise<T>): Promise<T> {
  const answer = await call
  void queryClient.invalidateQueries({ queryKey: key })
  return answer
}

export const registerDevice = (label: string, key: string) =>
  refreshing(keys.devices, body(api.POST('/api/v1/devices', { body: { label }, ...keyed(key) })))

export const newEnrolmentCode = (id: string) =>
  refreshing(keys.devices, body(api.POST('/api/v1/devices/{id}/enrolment-code', at(id))))

export const enableDevice = (id: string) =>
  refreshing(keys.devices, body(api.POST('/api/v1/devices/{id}/enable', at(id))))

export const disableDevice = (id: string, reason: string) =>
  refreshing(keys.devices, body(api.POST('/api/v1/devices/{id}/disable', { ...at(id), body: { reason } })))

export const unenrolDevice = (id: string, reason: string) =>
  refreshing(keys.devices, body(api.POST('/api/v1/devices/{id}/unenrol', { ...at(id), body: { reason } })))

export const createUser = (input: { login: string; name: string; role: Role }, key: string) =>
  refreshing(keys.users, body(api.POST('/api/v1/admin/users', { body: input, ...keyed(key) })))

export const disableUser = (id: string) =>
  refreshing(keys.users, body(api.POST('/api/v1/admin/users/{id}/disable', at(id))))

export const enableUser = (id: string) =>
  refreshing(keys.users, body(api.POST('/api/v1/admin/users/{id}/enable', at(id))))

export const createVenue = (input: { name: string; time_zone: string }, key: string) =>
  refreshing(keys.venues, body(api.POST('/api/v1/admin/venues', { body: input, ...keyed(key) })))
