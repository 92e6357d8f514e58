import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { session } from '../../api/client'
import type { RaffleAdmin, TicketCheck } from '../../api/types'
import { SessionGate } from '../../auth/SessionGate'
import { LocaleProvider } from '../../i18n'
import { aRaffle } from '../../live/fixtures'
import { TicketPaper } from './TicketPaper'

const check: TicketCheck = {
  valid: true,
  state: 'valid',
  won: null,
  ticket: {
    order_key: 'k1',
    raffle_id: 'r1',
    event_number: 147,
    organisation_name: 'Hawks Community Foundation',
    event_name: 'Hawks vs. Kodiaks',
    location: 'Tidewater Arena',
    licence: null,
    validation_number: 'H4XW-9PQM-2RKD-7T3C',
    channel: 'counter',
    device_label: null,
    seller_name: 'Owen Black',
    price_minor: 500,
    currency: 'CAD',
    lines: [{ package_id: 1, label: '5 numbers', quantity: 1 }],
    ranges: [{ first: 412_361, last: 412_365 }],
    numbers_count: 5,
    sold_at_ms: 0,
    time_zone: 'America/Toronto',
    state: 'valid',
    void_reason: null,
    salt: null,
    sale_hash: 'cd'.repeat(32),
    ticket_lines: [],
    test: false,
    plan_hash: null,
  },
}

function shown(raffle: RaffleAdmin | null) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <LocaleProvider>
        <SessionGate>
          <TicketPaper check={check} raffle={raffle} />
        </SessionGate>
      </LocaleProvider>
    </QueryClientProvider>,
  )
}

beforeEach(() => {
  localStorage.setItem('drumroll.language', 'en')
  session.begin({
    access_token: 'a',
    refresh_token: 'r',
    expires_in_s: 1,
    user: {
      id: 'u1',
      login: 'renee',
      name: 'Renée Fontaine',
      role: 'supervisor',
      must_change_password: false,
      organisation: { id: 'o1', name: 'Hawks' },
    },
  })
})
afterEach(cleanup)

const notice = /^This ticket belongs to event 0*147\.$/

it('says at another event whose ticket it is, and leads there (T-15)', () => {
  shown(aRaffle({ id: 'r2', event_number: 148 }))
  expect(screen.getByText(notice)).toBeTruthy()
  const there = screen.getByRole('link', { name: 'Go to that event' })
  expect(there.getAttribute('href')).toBe('/admin/events/r1/tickets?q=H4XW-9PQM-2RKD-7T3C')
})

it('says nothing of the kind at its own event, or where no event was chosen', () => {
  shown(aRaffle({ id: 'r1' }))
  expect(screen.queryByText(notice)).toBeNull()
  cleanup()
  shown(null)
  expect(screen.queryByText(notice)).toBeNull()
})
