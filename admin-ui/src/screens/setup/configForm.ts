/**
 * The set-up form: what people type, and what it means. Pure, so that every rule is a line in a test. The
 * server judges again; here a fault is shown while there is still time to fix it.
 */
import type { NumberRange, PoolChannel, PrizeConfig, RaffleConfig, Venue } from '../../api/types'
import { moneyInput, parseMoney, parsePercent, percentInput } from '../../format/money'
import { zonedInput, zonedInstant } from '../../format/time'

export type ConfigFault =
  | 'name_missing'
  | 'name_long'
  | 'organisation_missing'
  | 'venue_missing'
  | 'location_missing'
  | 'time_invalid'
  | 'close_before_open'
  | 'close_past'
  | 'packages_missing'
  | 'label_missing'
  | 'numbers_invalid'
  | 'price_invalid'
  | 'stock_invalid'
  | 'prizes_missing'
  | 'share_invalid'
  | 'shares_exceed'
  | 'amount_invalid'
  | 'value_invalid'
  | 'cap_below_guarantee'
  | 'quantity_invalid'
  | 'reserves_invalid'
  | 'pool_invalid'
  | 'pools_empty'
  | 'pools_large'
  | 'block_invalid'
  | 'hold_invalid'
  | 'lines_long'

export interface PackageForm {
  id: number
  label: string
  numbers: string
  price: string
  stock: string
}

export type PrizeForm = { id: number; name: string } & (
  | { kind: 'percentage'; share: string; seed: string; guarantee: string; cap: string }
  | { kind: 'fixed'; value: string; quantity: string }
)

export interface ConfigForm {
  name: string
  organisation: string
  venueId: string
  location: string
  licence: string
  currency: string
  openDate: string
  openTime: string
  closeDate: string
  closeTime: string
  packages: PackageForm[]
  prizes: PrizeForm[]
  reserves: string
  pools: Record<PoolChannel, string>
  deviceBlock: string
  holdMinutes: string
  lines: string[]
}

export const poolChannels = ['rsu', 'online', 'counter'] as const satisfies readonly PoolChannel[]

export const currencies = ['CAD', 'USD', 'EUR', 'GBP', 'AUD'] as const

const NAME_MAX = 60
const LINE_MAX = 80
const HOUR_MS = 3_600_000

interface DefaultTexts {
  package: (numbers: number) => string
  jackpot: string
  claim: string
}

/** Sales this evening (or tomorrow's, late at night): a set-up that only needs reading. */
export function defaultForm(
  known: { name: string; organisation: string; venue: Venue | undefined; nowMs: number },
  texts: DefaultTexts,
): ConfigForm {
  const window = eveningWindow(known.nowMs, known.venue?.time_zone ?? 'UTC')
  const price = (id: number, numbers: number, amount: string): PackageForm => ({
    id,
    label: texts.package(numbers),
    numbers: String(numbers),
    price: amount,
    stock: '',
  })
  return {
    name: known.name,
    organisation: known.organisation,
    venueId: known.venue?.id ?? '',
    location: known.venue?.name ?? '',
    licence: '',
    currency: 'CAD',
    ...window,
    packages: [price(1, 5, '5'), price(2, 20, '10'), price(3, 60, '20'), price(4, 150, '40')],
    prizes: [
      { id: 1, name: texts.jackpot, kind: 'percentage', share: '50', seed: '0', guarantee: '0', cap: '' },
    ],
    reserves: '3',
    pools: { rsu: '1000000', online: '400000', counter: '100000' },
    deviceBlock: '1000',
    holdMinutes: '10',
    lines: [texts.claim],
  }
}

function eveningWindow(
  nowMs: number,
  timeZone: string,
): Pick<ConfigForm, 'openDate' | 'openTime' | 'closeDate' | 'closeTime'> {
  // From the next full quarter of an hour, for three hours.
  const openMs = Math.ceil((nowMs + 5 * 60_000) / (15 * 60_000)) * 15 * 60_000
  const open = zonedInput(openMs, timeZone)
  const close = zonedInput(openMs + 3 * HOUR_MS, timeZone)
  return { openDate: open.date, openTime: open.time, closeDate: close.date, closeTime: close.time }
}

/** The form of a configuration that was saved before. */
export function formOf(config: RaffleConfig): ConfigForm {
  const open = zonedInput(config.sales_start_ms, config.time_zone)
  const close = zonedInput(config.sales_end_ms, config.time_zone)
  const size = (channel: PoolChannel) => {
    const range = config.pools.find((pool) => pool.channel === channel)?.range
    return range ? String(range.last - range.first + 1) : '0'
  }
  const money = (minor: number) => moneyInput(minor, config.currency)
  return {
    name: config.name,
    organisation: config.organisation_name,
    venueId: config.venue_id,
    location: config.location,
    licence: config.licence ?? '',
    currency: config.currency,
    openDate: open.date,
    openTime: open.time,
    closeDate: close.date,
    closeTime: close.time,
    packages: config.packages.map((item) => ({
      id: item.id,
      label: item.label,
      numbers: String(item.numbers),
      price: money(item.price_minor),
      stock: item.stock == null ? '' : String(item.stock),
    })),
    prizes: config.prizes.map(({ id, name, rule }) =>
      rule.kind === 'percentage'
        ? {
            id,
            name,
            kind: rule.kind,
            share: percentInput(rule.basis_points),
            seed: money(rule.seed_minor),
            guarantee: money(rule.guarantee_minor),
            cap: rule.cap_minor == null ? '' : money(rule.cap_minor),
          }
        : { id, name, kind: rule.kind, value: money(rule.value_minor), quantity: String(rule.quantity) },
    ),
    reserves: String(config.reserves),
    pools: { rsu: size('rsu'), online: size('online'), counter: size('counter') },
    deviceBlock: String(config.device_block),
    holdMinutes: String(Math.round(config.hold_s / 60)),
    lines: [...config.ticket_lines],
  }
}

/** Another event's set-up for this one: everything but the name and the dates. */
export function copyForm(config: RaffleConfig, into: ConfigForm): ConfigForm {
  const { openDate, openTime, closeDate, closeTime, name } = into
  return { ...formOf(config), openDate, openTime, closeDate, closeTime, name }
}

export const nextId = (items: readonly { id: number }[]): number =>
  items.reduce((highest, item) => Math.max(highest, item.id), 0) + 1

/** Field paths (`packages.0.price`) and what is wrong there, in the order of the form. */
export type Faults = ReadonlyMap<string, ConfigFault>

export type FormSection = 'event' | 'sales' | 'packages' | 'prizes' | 'numbers' | 'lines'

const sections: Record<string, FormSection> = {
  openTime: 'sales',
  closeTime: 'sales',
  packages: 'packages',
  prizes: 'prizes',
  reserves: 'prizes',
  pools: 'numbers',
  deviceBlock: 'numbers',
  holdMinutes: 'numbers',
  lines: 'lines',
}

/** Where on the page a field stands: a fault is named together with it. */
export const sectionOf = (path: string): FormSection => sections[path.split('.')[0] ?? ''] ?? 'event'

export interface Judged {
  faults: Faults
  /** Only when nothing is wrong. */
  config: RaffleConfig | null
}

function whole(text: string, least: number, most: number): number | null {
  const plain = text.replace(/[\s,\u00a0\u202f]/g, '')
  if (!/^\d{1,12}$/.test(plain)) return null
  const value = Number(plain)
  return value >= least && value <= most ? value : null
}

/** Contiguous runs from 1 in the order rsu, online, counter; a way of selling with none is left out. */
export function poolRanges(
  pools: Record<PoolChannel, string>,
): { channel: PoolChannel; range: NumberRange }[] {
  let next = 1
  const ranges: { channel: PoolChannel; range: NumberRange }[] = []
  for (const channel of poolChannels) {
    const size = whole(pools[channel], 0, 1_000_000_000) ?? 0
    if (size === 0) continue
    ranges.push({ channel, range: { first: next, last: next + size - 1 } })
    next += size
  }
  return ranges
}

export function judge(form: ConfigForm, venues: readonly Venue[], nowMs: number): Judged {
  const faults = new Map<string, ConfigFault>()
  const fail = (path: string, fault: ConfigFault) => {
    if (!faults.has(path)) faults.set(path, fault)
  }

  const name = form.name.trim()
  if (name === '') fail('name', 'name_missing')
  if (name.length > NAME_MAX) fail('name', 'name_long')
  if (form.organisation.trim() === '') fail('organisation', 'organisation_missing')
  const venue = venues.find((candidate) => candidate.id === form.venueId)
  if (!venue) fail('venueId', 'venue_missing')
  if (form.location.trim() === '') fail('location', 'location_missing')

  const zone = venue?.time_zone ?? 'UTC'
  const startMs = zonedInstant(form.openDate, form.openTime, zone)
  const endMs = zonedInstant(form.closeDate, form.closeTime, zone)
  if (startMs === null) fail('openTime', 'time_invalid')
  if (endMs === null) fail('closeTime', 'time_invalid')
  else if (startMs !== null && endMs <= startMs) fail('closeTime', 'close_before_open')
  else if (endMs <= nowMs) fail('closeTime', 'close_past')

  if (form.packages.length === 0) fail('packages', 'packages_missing')
  const packages = form.packages.map((item, index) => {
    const at = `packages.${index}`
    const numbers = whole(item.numbers, 1, 10_000)
    const price = parseMoney(item.price, form.currency)
    const stock = item.stock.trim() === '' ? null : whole(item.stock, 1, 1_000_000_000)
    if (item.label.trim() === '') fail(`${at}.label`, 'label_missing')
    if (numbers === null) fail(`${at}.numbers`, 'numbers_invalid')
    if (price === null || price === 0) fail(`${at}.price`, 'price_invalid')
    if (stock === null && item.stock.trim() !== '') fail(`${at}.stock`, 'stock_invalid')
    return { id: item.id, label: item.label.trim(), numbers: numbers ?? 0, price_minor: price ?? 0, stock }
  })

  if (form.prizes.length === 0) fail('prizes', 'prizes_missing')
  let shares = 0
  const prizes = form.prizes.map((prize, index): PrizeConfig => {
    const at = `prizes.${index}`
    if (prize.name.trim() === '') fail(`${at}.name`, 'label_missing')
    const base = { id: prize.id, name: prize.name.trim() }
    if (prize.kind === 'fixed') {
      const value = parseMoney(prize.value, form.currency)
      const quantity = whole(prize.quantity, 1, 100)
      if (value === null || value === 0) fail(`${at}.value`, 'value_invalid')
      if (quantity === null) fail(`${at}.quantity`, 'quantity_invalid')
      return { ...base, rule: { kind: 'fixed', value_minor: value ?? 0, quantity: quantity ?? 0 } }
    }
    const share = parsePercent(prize.share)
    if (share === null || share === 0 || share > 10_000) fail(`${at}.share`, 'share_invalid')
    shares += share ?? 0
    if (shares > 10_000) fail(`${at}.share`, 'shares_exceed')
    const seed = parseMoney(prize.seed, form.currency)
    const guarantee = parseMoney(prize.guarantee, form.currency)
    const cap = prize.cap.trim() === '' ? null : parseMoney(prize.cap, form.currency)
    if (seed === null) fail(`${at}.seed`, 'amount_invalid')
    if (guarantee === null) fail(`${at}.guarantee`, 'amount_invalid')
    if (cap === null && prize.cap.trim() !== '') fail(`${at}.cap`, 'amount_invalid')
    if (cap !== null && cap < (guarantee ?? 0)) fail(`${at}.cap`, 'cap_below_guarantee')
    return {
      ...base,
      rule: {
        kind: 'percentage',
        basis_points: share ?? 0,
        seed_minor: seed ?? 0,
        guarantee_minor: guarantee ?? 0,
        cap_minor: cap,
      },
    }
  })
  const reserves = whole(form.reserves, 0, 100)
  if (reserves === null) fail('reserves', 'reserves_invalid')

  for (const channel of poolChannels)
    if (whole(form.pools[channel], 0, 1_000_000_000) === null) fail(`pools.${channel}`, 'pool_invalid')
  const pools = poolRanges(form.pools)
  const last = pools.at(-1)?.range.last ?? 0
  if (last === 0) fail('pools', 'pools_empty')
  if (last > 1_000_000_000) fail('pools', 'pools_large')
  const block = whole(form.deviceBlock, 10, 100_000)
  if (block === null) fail('deviceBlock', 'block_invalid')
  const hold = whole(form.holdMinutes, 1, 60)
  if (hold === null) fail('holdMinutes', 'hold_invalid')

  form.lines.forEach((line, index) => {
    if (line.length > LINE_MAX) fail(`lines.${index}`, 'lines_long')
  })

  const sound =
    faults.size === 0 &&
    venue &&
    startMs !== null &&
    endMs !== null &&
    reserves !== null &&
    block !== null &&
    hold !== null
  return {
    faults,
    config: sound
      ? {
          name,
          venue_id: venue.id,
          location: form.location.trim(),
          organisation_name: form.organisation.trim(),
          licence: form.licence.trim() || null,
          currency: form.currency,
          time_zone: venue.time_zone,
          numbers: { first: 1, last },
          pools,
          packages,
          prizes,
          reserves,
          sales_start_ms: startMs,
          sales_end_ms: endMs,
          draw_mode: 'electronic',
          ticket_lines: form.lines.map((line) => line.trim()).filter(Boolean),
          device_block: block,
          hold_s: hold * 60,
          profile_id: 'default',
        }
      : null,
  }
}
