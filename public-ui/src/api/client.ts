import type { components, paths } from './schema'

/** The document marks what may be null as optional too; the server always writes it. */
type Written<T> = T extends object ? { [K in keyof T]-?: Written<Exclude<T[K], undefined>> } : T
type Schema<K extends keyof components['schemas']> = Written<components['schemas'][K]>
/** What every announced event has; a draft has no times yet. */
type Announced<T> = T & { sales_start_ms: number; closes_at_ms: number }

export type RaffleStatus = Schema<'RaffleStatus'>
export type DrawStatusName = Schema<'DrawStatusName'>
export type RaffleSummary = Announced<Schema<'RaffleSummary'>>
export type RaffleView = Announced<Schema<'RaffleView'>>
export type DrawSummary = Schema<'DrawSummary'>
export type Winner = NonNullable<DrawSummary['winners']>[number]
export type ApiOrder = Schema<'Order'>
export type Ticket = Schema<'Ticket'>
export type TicketCheck = Schema<'TicketCheck'>
export type PaymentOutcome = Schema<'PaymentOutcome'>
export type Line = Schema<'Line'>

export function isAnnounced<T extends { sales_start_ms: number | null; closes_at_ms: number | null }>(
  raffle: T,
): raffle is Announced<T> {
  return raffle.sales_start_ms !== null && raffle.closes_at_ms !== null
}

/**
 * What became of a call. `no_reply` is an unknown outcome (cut line, time-out, an answer that is not ours):
 * the server may have acted. Only `problem` says that it refused.
 */
export type Result<T> =
  | { kind: 'ok'; status: number; body: T; sentMs: number; receivedMs: number }
  | { kind: 'problem'; status: number; code: string; detail: string; retryAfterMs: number | null }
  | { kind: 'no_reply' }

type Method = 'get' | 'post'
type Op<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never
type Parameters<O> = O extends { parameters: infer A } ? A : object
type Input<O> = O extends { requestBody: { content: { 'application/json': infer B } } }
  ? Parameters<O> & { body: B }
  : Parameters<O>
type Output<O> = O extends { responses: infer R }
  ? {
      [S in keyof R]: R[S] extends { content: { 'application/json': infer B } } ? Written<B> : never
    }[keyof R]
  : never

interface Loose {
  path?: Record<string, string>
  query?: Record<string, string | number>
  header?: Record<string, string>
  body?: unknown
}

const TIMEOUT_MS = 15_000

async function call<T>(method: Method, template: string, input: Loose): Promise<Result<T>> {
  let url = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(input.path?.[name] ?? ''))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input.query ?? {})) query.set(name, String(value))
  if (query.size > 0) url += `?${query.toString()}`
  const headers: Record<string, string> = { accept: 'application/json', ...input.header }
  const init: RequestInit = { method: method.toUpperCase(), headers, cache: 'no-store' }
  if (input.body !== undefined) {
    headers['content-type'] = 'application/json'
    init.body = JSON.stringify(input.body)
  }
  const sentMs = Date.now()
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const body = (await response.json()) as T
    if (response.ok) return { kind: 'ok', status: response.status, body, sentMs, receivedMs: Date.now() }
    const problem = body as { code?: unknown; detail?: unknown }
    // Without our code it came from something in between, which cannot know what the server did.
    if (typeof problem.code !== 'string') return { kind: 'no_reply' }
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
    return {
      kind: 'problem',
      status: response.status,
      code: problem.code,
      detail: typeof problem.detail === 'string' ? problem.detail : '',
      retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : null,
    }
  } catch {
    return { kind: 'no_reply' }
  }
}

export function get<P extends keyof paths>(path: P, input: Input<Op<P, 'get'>>) {
  return call<Output<Op<P, 'get'>>>('get', path, input as Loose)
}

export function post<P extends keyof paths>(path: P, input: Input<Op<P, 'post'>>) {
  return call<Output<Op<P, 'post'>>>('post', path, input as Loose)
}
