import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RaffleView, Result, ApiOrder } from '../api/client'
import { App } from '../app'
import { I18nProvider } from '../i18n'
import { en } from '../i18n/en'
import { fr } from '../i18n/fr'
import type { Socket } from '../live/feed'
import { Purchases } from '../purchase/purchases'
import { OrderStore } from '../purchase/store'
import { navigate } from '../router'
import { ServicesContext } from '../services'
import { Announcer, AnnouncerContext } from '../ui/announcer'
import { answer, ok, problem, sampleRaffle, sampleState, sampleTicket, sampleWinner } from './sample'

let root: HTMLElement
let server: RaffleView
let sockets: Socket[]
let sends: Result<ApiOrder>[]
let onShown: ReturnType<typeof vi.fn<() => void>>

beforeEach(() => {
  vi.useFakeTimers({
    now: 1_000_000,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  })
  localStorage.clear()
  document.body.innerHTML = '<div id="app"></div>'
  root = document.getElementById('app') ?? document.body
  server = sampleRaffle({ closes_at_ms: 1_000_000 + 1_433_000, server_time_ms: 1_000_000 })
  sockets = []
  sends = []
  onShown = vi.fn<() => void>()
})
afterEach(() => {
  render(null, root)
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

async function settle(ms = 0) {
  await act(async () => {
    await vi.advanceTimersByTimeAsync(ms)
  })
}

async function open(path: string, language: 'en' | 'fr' = 'en') {
  history.replaceState(null, '', path)
  const services = {
    fetchView: () => Promise.resolve({ ...ok(server), sentMs: Date.now(), receivedMs: Date.now() }),
    openSocket: () => {
      const made: Socket = {
        send: () => undefined,
        close: () => undefined,
        onopen: null,
        onmessage: null,
        onclose: null,
      }
      sockets.push(made)
      return made
    },
    purchases: new Purchases({
      api: {
        send: (order) => {
          const reply = sends.shift() ?? ok(answer('paid', order.key), 201)
          return Promise.resolve(reply)
        },
        ask: (order) => Promise.resolve(ok(answer('held', order.key))),
      },
      store: new OrderStore(localStorage),
      random: () => 0.5,
    }),
  }
  const announcer = new Announcer()
  document.body.append(announcer.element)
  await act(() => {
    render(
      <I18nProvider language={language} messages={language === 'fr' ? fr : en}>
        <ServicesContext.Provider value={services}>
          <AnnouncerContext.Provider value={announcer}>
            <App onShown={onShown} />
          </AnnouncerContext.Provider>
        </ServicesContext.Provider>
      </I18nProvider>,
      root,
    )
  })
  await settle()
  await act(() => sockets.at(-1)?.onopen?.())
}

async function push(message: object) {
  await act(() => sockets.at(-1)?.onmessage?.({ data: JSON.stringify(message) }))
}

const text = (selector: string) => root.querySelector(selector)?.textContent.replace(/\s+/g, ' ').trim()
const button = (name: string) =>
  Array.from(root.querySelectorAll('button')).find((b) => b.textContent.includes(name))

describe('event page', () => {
  it('shows the jackpot, since when it is known, and how long there is', async () => {
    await open('/events/r1')
    expect(text('[data-jackpot] .vh')).toBe('$10')
    expect(text('.asof')).toMatch(/^Confirmed at .*, live$/)
    expect(text('[role=timer]')).toBe('23:53')
    expect(root.querySelectorAll('.rail i.on')).toHaveLength(24)
    expect(document.title).toContain('Hawks vs. Kodiaks')
    expect(onShown).toHaveBeenCalledTimes(1)
    await settle(1000)
    expect(text('[role=timer]')).toBe('23:52')
  })

  it('names value and sequence on the jackpot in the same turn as the figure', async () => {
    await open('/events/r1')
    await push(sampleState({ seq: 12, jackpot_minor: 1250 }))
    const figure = root.querySelector<HTMLElement>('[data-jackpot]')
    expect(figure?.dataset).toMatchObject({ jackpotMinor: '1250', seq: '12', shownMinor: '1250' })
    expect(figure?.querySelector('[aria-hidden]')?.textContent).toBe('$12.50')
  })

  it('labels a void', async () => {
    await open('/events/r1')
    await push(sampleState({ seq: 12, jackpot_minor: 750, voided_minor: 500 }))
    expect(text('.voided')).toMatch(/^−\$2\.50 voided \d\d:\d\d$/)
  })

  it('sells: one press, one ticket, with its numbers', async () => {
    await open('/events/r1')
    await act(() => button('Buy 5 numbers for $5')?.click())
    await settle(100)
    expect(root.querySelector('[data-order=paid]')).not.toBeNull()
    expect(root.querySelector('[data-validation]')?.getAttribute('data-validation')).toBe(
      'H4XW-9PQM-2RKD-7T3C',
    )
    expect(text('.nums')).toContain('0 412 361')
    expect(document.activeElement?.classList.contains('oc')).toBe(true)
    expect(text('.mt')).toContain('0 412 361 to 0 412 365')
  })

  it('says that nobody is charged twice while an order runs', async () => {
    sends = [ok(answer('held'), 202)]
    await open('/events/r1')
    await act(() => button('Buy 5 numbers for $5')?.click())
    await settle(50)
    expect(text('[data-order=pending]')).toContain('You will not be charged twice')
    expect(text('[data-order=pending]')).toContain('held for you until')
  })

  it('comes back to the prices after a refusal', async () => {
    sends = [problem(402, 'payment_declined')]
    await open('/events/r1')
    await act(() => button('Buy 5 numbers for $5')?.click())
    await settle(50)
    expect(text('[data-order=declined]')).toContain('Nothing was charged')
    await act(() => button('Try again')?.click())
    await settle()
    expect(root.querySelector('.pks')).not.toBeNull()
    expect(document.activeElement?.id).toBe('buy-h')
  })

  it('keeps a button that cannot be used in reach, with its reason', async () => {
    server = { ...server, online_sales: false }
    await open('/events/r1')
    const buy = button('Buy 5 numbers')
    expect(buy?.getAttribute('aria-disabled')).toBe('true')
    const why = document.getElementById(buy?.getAttribute('aria-describedby') ?? '')
    expect(why?.textContent).toContain('does not sell online')
    await act(() => buy?.click())
    await settle(50)
    expect(root.querySelector('[data-order]')).toBeNull()
  })

  it('offers no purchase through a provider whose form it does not have, test or not', async () => {
    for (const test of [true, false]) {
      server = { ...server, payment_provider: { name: 'stripe', test } }
      await open('/events/r1')
      const buy = button('Buy 5 numbers')
      expect(buy?.getAttribute('aria-disabled')).toBe('true')
      const why = document.getElementById(buy?.getAttribute('aria-describedby') ?? '')
      expect(why?.textContent).toContain('cannot take payments through stripe')
      expect(root.querySelector('.testpay')).toBeNull()
      await act(() => buy?.click())
      await settle(50)
      expect(root.querySelector('[data-order]')).toBeNull()
    }
  })

  it('turns to the result when it is published, and says so once', async () => {
    server = { ...server, status: 'reconciled' }
    await open('/events/r1')
    await push({
      t: 'fact',
      epoch: 1,
      position: 2,
      at_ms: 1,
      kind: 'locked',
      data: { draw_id: 'd1', draw_no: 1, lock_hash: 'a262526b'.repeat(8), sold_count: 25 },
    })
    expect(text('.seal')).toMatch(/^a262 526b a262/)
    const data = { draw_id: 'd1', draw_no: 1, winners: [sampleWinner(412_377)] }
    await push({ t: 'fact', epoch: 1, position: 3, at_ms: 2, kind: 'published', data })
    expect(root.querySelector('[data-winning-number]')?.getAttribute('data-winning-number')).toBe('412377')
    const link = root.querySelector('a[download]')
    expect(link?.getAttribute('href')).toBe('/api/v1/raffles/r1/transcript?draw_no=1')
    expect(text('.cmd')).toBe(
      `drumroll verify ${link?.getAttribute('download') ?? ''} --plan-hash ${'ab'.repeat(32)}`,
    )
    expect(root.textContent).toContain('Grade 0')
    await settle(6000)
    expect(document.querySelector('body > [role=status]')?.textContent).toContain(
      'number 0\u00a0412\u00a0377',
    )
  })

  it('marks TEST on the page, and takes the mark away with it', async () => {
    server = { ...server, kind: 'test' }
    await open('/events/r1')
    expect(document.documentElement.dataset.mode).toBe('test')
    expect(text('.testbar')).toContain('TEST')
    await act(() => navigate('/nowhere'))
    await settle()
    expect(document.documentElement.dataset.mode).toBeUndefined()
    expect(document.activeElement?.tagName).toBe('H1')
  })

  it('says how old the figures are when the line is gone, and stops selling', async () => {
    await open('/events/r1')
    await act(() => sockets.at(-1)?.onclose?.({ code: 1006 }))
    await settle(400)
    expect(root.querySelector('.linkbar')).toBeNull()
    await settle(9000)
    expect(text('.linkbar')).toMatch(/^No live connection\. The jackpot is from \d\d:\d\d:\d\d/)
    expect(root.querySelector('.jp.is-stale')).not.toBeNull()
    expect(button('Buy 5 numbers')?.getAttribute('aria-disabled')).toBe('true')
  })

  it('speaks French', async () => {
    await open('/events/r1', 'fr')
    expect(document.documentElement.lang).toBe('fr-CA')
    expect(root.textContent).toContain('Acheter des numéros')
    await act(() => button('English')?.click())
    await settle()
    expect(root.textContent).toContain('Buy numbers')
    expect(localStorage.getItem('drumroll.language')).toBe('en')
  })

  it('writes the jackpot anew in another language, each piece in its own place', async () => {
    await open('/events/r1')
    await push(sampleState({ seq: 12, jackpot_minor: 123_450 }))
    const figure = () => root.querySelector('[data-jackpot] [aria-hidden]')?.textContent.replace(/\s/g, ' ')
    expect(figure()).toBe('$1,234.50')
    await act(() => button('Français')?.click())
    await vi.waitFor(() => expect(root.textContent).toContain('Acheter des numéros'))
    expect(figure()).toBe('1 234,50 $')
    await act(() => button('English')?.click())
    await settle()
    expect(figure()).toBe('$1,234.50')
  })
})

describe('ticket page', () => {
  const reply = (body: object, status = 200) =>
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(body), { status })))

  it('knows that it won, also when opened later', async () => {
    const ticket = sampleTicket()
    const won = [{ prize_id: 30, prize_name: '50/50 jackpot', position: 1, number: 412_363 }]
    reply({ valid: true, state: 'valid', won, ticket })
    await open('/tickets/h4xw-9pqm-2rkd-7t3c')
    await vi.waitFor(() => expect(root.querySelector('[data-outcome=won]')).not.toBeNull())
    expect(text('.hit')).toBe('Drawn: 0 412 363')
  })

  it('carries all eight items of a ticket (T-01)', async () => {
    const ticket = sampleTicket({
      licence: 'ON-2026-0042',
      sold_at_ms: Date.UTC(2026, 9, 18, 19, 5),
      ranges: [
        { first: 412_361, last: 412_365 },
        { first: 7, last: 7 },
      ],
      numbers_count: 6,
    })
    reply({ valid: true, state: 'valid', won: null, ticket })
    await open('/tickets/h4xw-9pqm-2rkd-7t3c')
    await vi.waitFor(() => expect(root.querySelector('.paper')).not.toBeNull())
    const numbers = Array.from(root.querySelectorAll('.paper .nn'), (line) => line.textContent)
    expect(numbers).toEqual(['0\u00a0412\u00a0361', 'to 0\u00a0412\u00a0365', '0\u00a0000\u00a0007'])
    expect(text('.paper .pr')).toBe('$5')
    const items = {
      organisation: 'Hawks Community Foundation',
      event: 'Event 0147',
      location: 'Tidewater Arena',
      'time of issue at the venue, in 24 hours': 'Sold 2026-10-18 15:05',
      'unit that sold it': 'Online',
      'validation number': 'H4XW-9PQM-2RKD-7T3C',
      licence: 'ON-2026-0042',
    }
    for (const [item, printed] of Object.entries(items)) expect(text('.paper'), item).toContain(printed)
    // Nothing lies over them: this ticket has no watermark.
    expect(root.querySelector('.paper .wm')).toBeNull()
  })

  it('says when nobody knows the number, and does not ask for one that cannot be', async () => {
    reply({ type: '', title: '', status: 404, detail: '', code: 'unknown_ticket', request_id: '' }, 404)
    await open('/tickets/0000-0000-0000-0000')
    await vi.waitFor(() => expect(text('h1')).toBe('No ticket has this number'))
    const asked = vi.fn()
    vi.stubGlobal('fetch', asked)
    await act(() => navigate('/tickets/nonsense'))
    await settle()
    expect(text('h1')).toBe('No ticket has this number')
    expect(asked).not.toHaveBeenCalled()
  })
})
