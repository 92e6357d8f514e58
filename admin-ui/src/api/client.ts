import createClient from 'openapi-fetch'
import { SessionStore, type Renew } from '../auth/session'
import { NoAnswerError, toApiError } from './problem'
import { reachability } from './reachability'
import type { paths } from './schema'

async function send(request: Request): Promise<Response> {
  request.headers.set('accept-language', document.documentElement.lang)
  try {
    const response = await fetch(request)
    reachability.answered()
    return response
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause
    reachability.silent()
    throw new NoAnswerError(cause)
  }
}

/** Calls that carry no access token: signing in and renewing. */
const bare = createClient<paths>({ fetch: send })

const renew: Renew = async (refreshToken) => {
  try {
    const { data, response } = await bare.POST('/api/v1/auth/refresh', {
      body: { refresh_token: refreshToken },
    })
    if (data) return data
    // Only a clear no ends the session; a server that is restarting must not sign everybody out.
    return response.status === 401 || response.status === 403 || response.status === 423
      ? 'refused'
      : 'no_answer'
  } catch {
    return 'no_answer'
  }
}

export const session = new SessionStore(window.sessionStorage, renew)

/** Sends with the access token; on 401 renews it once and sends the same bytes again. */
async function sendSigned(request: Request): Promise<Response> {
  const spare = request.clone()
  const token = session.accessToken
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`)
  const response = await send(request)
  if (response.status !== 401 || token === null) return response
  // Another call may have renewed it meanwhile.
  if (session.accessToken === token && !(await session.renew())) return response
  spare.headers.set('authorization', `Bearer ${session.accessToken ?? ''}`)
  return send(spare)
}

export const api = createClient<paths>({ fetch: sendSigned })
export const open = bare

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The body of a successful answer; anything else is thrown as `ApiError`. */
export async function body<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  if (!response.ok || data === undefined) throw toApiError(error, response)
  return data
}

/** For answers without a body. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await call
  if (!response.ok) throw toApiError(error, response)
}
