/**
 * Who is signed in. The access token lives in memory only; the refresh token in sessionStorage, so that
 * a reload keeps the session and a closed tab ends it.
 */
import type { Session, SessionUser } from '../api/types'

export type SessionState =
  | { phase: 'restoring' }
  | { phase: 'signed_out'; why: 'none' | 'asked' | 'expired' }
  | { phase: 'signed_in'; user: SessionUser; accessToken: string }

const REFRESH_KEY = 'drumroll.refresh'

/** What asks the server for a new session; given by the api layer, replaced in tests. */
export type Renew = (refreshToken: string) => Promise<Session | 'refused' | 'no_answer'>

export class SessionStore {
  #state: SessionState
  #listeners = new Set<() => void>()
  #renewing: Promise<boolean> | null = null
  readonly #storage: Storage
  readonly #renew: Renew

  constructor(storage: Storage, renew: Renew) {
    this.#storage = storage
    this.#renew = renew
    this.#state = storage.getItem(REFRESH_KEY) ? { phase: 'restoring' } : { phase: 'signed_out', why: 'none' }
  }

  get = (): SessionState => this.#state

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get accessToken(): string | null {
    return this.#state.phase === 'signed_in' ? this.#state.accessToken : null
  }

  get refreshToken(): string | null {
    return this.#storage.getItem(REFRESH_KEY)
  }

  begin(session: Session): void {
    this.#storage.setItem(REFRESH_KEY, session.refresh_token)
    this.#set({ phase: 'signed_in', user: session.user, accessToken: session.access_token })
  }

  end(why: 'asked' | 'expired'): void {
    this.#storage.removeItem(REFRESH_KEY)
    this.#set({ phase: 'signed_out', why })
  }

  /**
   * Gets a new access token. Callers at the same time share one request: a refresh token is good for
   * one use, and a second use would revoke the whole family.
   */
  renew(): Promise<boolean> {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  async #renewOnce(): Promise<boolean> {
    const token = this.refreshToken
    if (token === null) return false
    const answer = await this.#renew(token)
    if (answer === 'no_answer') return false
    if (answer === 'refused') {
      this.end('expired')
      return false
    }
    this.begin(answer)
    return true
  }

  #set(state: SessionState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
