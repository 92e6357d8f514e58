import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Session } from '../api/types'
import { SessionStore, type Renew } from './session'

const aSession = (n: number): Session => ({
  access_token: `access-${n}`,
  refresh_token: `refresh-${n}`,
  expires_in_s: 3600,
  user: {
    id: 'u1',
    login: 'renee',
    name: 'Renée Fontaine',
    role: 'administrator',
    must_change_password: n === 0,
    organisation: { id: 'o1', name: 'Hawks' },
  },
})

beforeEach(() => sessionStorage.clear())

describe('session', () => {
  it('keeps the access token out of every storage', () => {
    const store = new SessionStore(sessionStorage, vi.fn<Renew>())
    store.begin(aSession(1))
    expect(store.accessToken).toBe('access-1')
    expect(JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage)])).not.toContain(
      'access-1',
    )
    expect(store.refreshToken).toBe('refresh-1')
  })

  it('starts by restoring when a reload left a refresh token', async () => {
    new SessionStore(sessionStorage, vi.fn<Renew>()).begin(aSession(1))
    const renew = vi.fn<Renew>().mockResolvedValue(aSession(2))
    const store = new SessionStore(sessionStorage, renew)
    expect(store.get().phase).toBe('restoring')
    expect(await store.renew()).toBe(true)
    expect(renew).toHaveBeenCalledWith('refresh-1')
    expect(store.accessToken).toBe('access-2')
  })

  it('renews once for many callers: a second use of the token would revoke the family', async () => {
    const renew = vi.fn<Renew>().mockResolvedValue(aSession(2))
    const store = new SessionStore(sessionStorage, renew)
    store.begin(aSession(1))
    expect(await Promise.all([store.renew(), store.renew(), store.renew()])).toEqual([true, true, true])
    expect(renew).toHaveBeenCalledOnce()
  })

  it('ends when the server says no, and stays when it says nothing', async () => {
    const renew = vi.fn<Renew>().mockResolvedValueOnce('no_answer').mockResolvedValueOnce('refused')
    const store = new SessionStore(sessionStorage, renew)
    store.begin(aSession(1))
    expect(await store.renew()).toBe(false)
    expect(store.get().phase).toBe('signed_in')
    expect(await store.renew()).toBe(false)
    expect(store.get()).toEqual({ phase: 'signed_out', why: 'expired' })
    expect(store.refreshToken).toBeNull()
  })
})
