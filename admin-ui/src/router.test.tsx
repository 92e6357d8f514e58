import { describe, expect, it } from 'vitest'
import { href, matchRoute, navigate, type To } from './router'

describe('addresses', () => {
  it.each<[To, string]>([
    [{ name: 'events' }, '/admin/'],
    [{ name: 'newEvent' }, '/admin/events/new'],
    [{ name: 'sell', params: { raffleId: 'r 1' } }, '/admin/events/r%201/sell'],
    [{ name: 'lookUp', query: { q: 'ABCD-1', state: undefined } }, '/admin/tickets?q=ABCD-1'],
  ])('%j is %s', (to, address) => {
    expect(href(to)).toBe(address)
  })

  it('come back as routes', () => {
    expect(matchRoute('/admin/')).toEqual({ name: 'events', params: {} })
    expect(matchRoute('/admin')).toEqual({ name: 'events', params: {} })
    expect(matchRoute('/admin/events/new')).toEqual({ name: 'newEvent', params: {} })
    expect(matchRoute('/admin/events/r%201/draw')).toEqual({ name: 'draw', params: { raffleId: 'r 1' } })
  })

  it.each(['/admin/nowhere', '/admin/events', '/admin/events/r1', '/admin/events/r1/sell/more'])(
    '%s leads nowhere',
    (address) => {
      expect(matchRoute(address)).toBeNull()
    },
  )

  it('are left in the history once each', () => {
    const before = window.history.length
    navigate({ name: 'people' })
    navigate({ name: 'people' })
    expect(window.history.length).toBe(before + 1)
    expect(window.location.pathname).toBe('/admin/people')
  })
})
