import { describe, expect, it } from 'vitest'
import type { Venue } from '../../api/types'
import { en } from '../../i18n/en'
import { copyForm, defaultForm, formOf, judge, nextId, poolRanges, type ConfigForm } from './configForm'

const venue: Venue = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'Tidewater Arena',
  time_zone: 'America/Toronto',
}
const now = Date.UTC(2026, 10, 20, 20, 2)

const form = (change: Partial<ConfigForm> = {}): ConfigForm => ({
  ...defaultForm({ name: 'Hawks vs. Kodiaks', organisation: 'Hawks', venue, nowMs: now }, en.setUp.defaults),
  ...change,
})
const faultsOf = (change: Partial<ConfigForm>) => Object.fromEntries(judge(form(change), [venue], now).faults)

describe('the set-up form', () => {
  it('starts complete: the defaults need only reading', () => {
    const { faults, config } = judge(form(), [venue], now)
    expect(Object.fromEntries(faults)).toEqual({})
    expect(config).toMatchObject({
      numbers: { first: 1, last: 1_500_000 },
      time_zone: 'America/Toronto',
      sales_start_ms: Date.UTC(2026, 10, 20, 20, 15),
      sales_end_ms: Date.UTC(2026, 10, 20, 23, 15),
      prizes: [
        {
          id: 1,
          rule: {
            kind: 'percentage',
            basis_points: 5000,
            seed_minor: 0,
            guarantee_minor: 0,
            cap_minor: null,
          },
        },
      ],
      hold_s: 600,
      licence: null,
    })
  })

  it('survives the way to a configuration and back', () => {
    const { config } = judge(form({ licence: 'RAF-20814' }), [venue], now)
    if (!config) throw new Error('the form has faults')
    expect(judge(formOf(config), [venue], now).config).toEqual(config)
  })

  it('copies everything but the name and the dates', () => {
    const { config } = judge(
      form({ name: 'Old', openDate: '2026-11-18', closeDate: '2026-11-21', reserves: '7' }),
      [venue],
      now,
    )
    if (!config) throw new Error('the form has faults')
    const copied = copyForm(config, form({ name: 'New' }))
    expect(copied).toMatchObject({ name: 'New', openDate: '2026-11-20', reserves: '7' })
  })

  const table: [change: Partial<ConfigForm>, faults: Record<string, string>][] = [
    [{ name: '  ' }, { name: 'name_missing' }],
    [{ name: 'x'.repeat(61) }, { name: 'name_long' }],
    [{ organisation: '' }, { organisation: 'organisation_missing' }],
    [{ location: '' }, { location: 'location_missing' }],
    [{ openTime: '' }, { openTime: 'time_invalid' }],
    [{ closeTime: '15:00' }, { closeTime: 'close_before_open' }],
    [
      { openDate: '2026-11-19', closeDate: '2026-11-19', openTime: '10:00', closeTime: '11:00' },
      { closeTime: 'close_past' },
    ],
    [{ packages: [] }, { packages: 'packages_missing' }],
    [
      { packages: [{ id: 1, label: '', numbers: '0', price: '0', stock: 'x' }] },
      {
        'packages.0.label': 'label_missing',
        'packages.0.numbers': 'numbers_invalid',
        'packages.0.price': 'price_invalid',
        'packages.0.stock': 'stock_invalid',
      },
    ],
    [{ prizes: [] }, { prizes: 'prizes_missing' }],
    [
      {
        prizes: [
          { id: 1, name: 'A', kind: 'percentage', share: '60', seed: '0', guarantee: '0', cap: '' },
          { id: 2, name: 'B', kind: 'percentage', share: '50', seed: '0', guarantee: '0', cap: '' },
        ],
      },
      { 'prizes.1.share': 'shares_exceed' },
    ],
    [
      {
        prizes: [
          { id: 1, name: 'A', kind: 'percentage', share: '101', seed: 'x', guarantee: '500', cap: '400' },
        ],
      },
      {
        'prizes.0.share': 'share_invalid',
        'prizes.0.seed': 'amount_invalid',
        'prizes.0.cap': 'cap_below_guarantee',
      },
    ],
    [
      { prizes: [{ id: 1, name: 'A', kind: 'fixed', value: '0', quantity: '0' }] },
      { 'prizes.0.value': 'value_invalid', 'prizes.0.quantity': 'quantity_invalid' },
    ],
    [{ reserves: '-1' }, { reserves: 'reserves_invalid' }],
    [{ pools: { rsu: '0', online: '0', counter: '0' } }, { pools: 'pools_empty' }],
    [{ pools: { rsu: '1.5', online: '10', counter: '0' } }, { 'pools.rsu': 'pool_invalid' }],
    [{ deviceBlock: '5' }, { deviceBlock: 'block_invalid' }],
    [{ holdMinutes: '0' }, { holdMinutes: 'hold_invalid' }],
    [{ lines: ['x'.repeat(81)] }, { 'lines.0': 'lines_long' }],
  ]
  it.each(table)('%j gives %j', (change, faults) => {
    expect(faultsOf(change)).toEqual(faults)
    expect(judge(form(change), [venue], now).config).toBeNull()
  })

  it('asks for a venue that exists', () => {
    expect(judge(form(), [], now).faults.get('venueId')).toBe('venue_missing')
  })

  it('lays pools end to end and leaves empty ones out', () => {
    expect(poolRanges({ rsu: '1 000', online: '0', counter: '500' })).toEqual([
      { channel: 'rsu', range: { first: 1, last: 1000 } },
      { channel: 'counter', range: { first: 1001, last: 1500 } },
    ])
  })

  it('never gives an id twice', () => {
    expect(nextId([{ id: 4 }, { id: 2 }])).toBe(5)
    expect(nextId([])).toBe(1)
  })
})
