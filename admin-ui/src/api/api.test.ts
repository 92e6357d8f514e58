import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api, body, session } from './client'
import { IntentKeys } from './intent'
import { ApiError, NoAnswerError, toApiError } from './problem'
import type { Session } from './types'

const user: Session['user'] = {
  id: 'u1',
  login: 'renee',
  name: 'Renée',
  role: 'administrator',
  must_change_password: false,
  organisation: { id: 'o1', name: 'Hawks' },
}
const json = (value: unknown, status = 200) =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } })

function serve(answer: (request: Request) => Response | Promise<Response>) {
  const requests: Request[] = []
  vi.stubGlobal('fetch', (request: Request) => {
    requests.push(request)
    return Promise.resolve().then(() => answer(request))
  })
  return requests
}

beforeEach(() => {
  vi.unstubAllGlobals()
  session.begin({ access_token: 'old', refresh_token: 'r1', expires_in_s: 1, user })
})

describe('calls', () => {
  it('renew the access token on 401 and send the same bytes again', async () => {
    const bodies: string[] = []
    const requests = serve(async (request) => {
      if (request.url.endsWith('/auth/refresh'))
        return json({ access_token: 'new', refresh_token: 'r2', expires_in_s: 1, user })
      bodies.push(await request.text())
      return request.headers.get('authorization') === 'Bearer new' ? json({ id: 'd1' }) : json({}, 401)
    })
    await body(
      api.POST('/api/v1/devices/{id}/disable', { params: { path: { id: 'd1' } }, body: { reason: 'x' } }),
    )
    expect(requests.map((request) => new URL(request.url).pathname)).toEqual([
      '/api/v1/devices/d1/disable',
      '/api/v1/auth/refresh',
      '/api/v1/devices/d1/disable',
    ])
    expect(bodies).toEqual(['{"reason":"x"}', '{"reason":"x"}'])
    expect(session.refreshToken).toBe('r2')
  })

  it('give up when the session is over', async () => {
    serve(() => json({ code: 'refresh_reused', status: 401 }, 401))
    await expect(body(api.GET('/api/v1/devices'))).rejects.toBeInstanceOf(ApiError)
    expect(session.get()).toMatchObject({ phase: 'signed_out', why: 'expired' })
  })

  it('tell silence from refusal: what was asked may have been done', async () => {
    serve(() => {
      throw new TypeError('failed to fetch')
    })
    await expect(body(api.GET('/api/v1/devices'))).rejects.toBeInstanceOf(NoAnswerError)
  })

  it('carry the server’s problem with its code', async () => {
    serve(
      () =>
        new Response(JSON.stringify({ code: 'sold_out', status: 409, title: 'x', detail: 'only 3 left' }), {
          status: 409,
          headers: { 'content-type': 'application/problem+json' },
        }),
    )
    await expect(body(api.GET('/api/v1/devices'))).rejects.toMatchObject({
      code: 'sold_out',
      message: 'only 3 left',
    })
  })
})

describe('problems', () => {
  it('are made of whatever a proxy sends', () => {
    const error = toApiError('<html>', new Response('', { status: 503, headers: { 'retry-after': '7' } }))
    expect(error).toMatchObject({ code: 'unavailable', status: 503, retryAfterS: 7 })
  })
})

describe('idempotency keys', () => {
  it('stay with an intent through every retry', () => {
    const keys = new IntentKeys()
    const first = keys.keyFor({ name: 'Hawks' })
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(keys.keyFor({ name: 'Hawks' })).toBe(first)
  })

  it('change with the terms', () => {
    const keys = new IntentKeys()
    const first = keys.keyFor({ name: 'Hawks' })
    expect(keys.keyFor({ name: 'Kodiaks' })).not.toBe(first)
  })
})
