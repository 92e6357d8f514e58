import { describe, expect, it } from 'vitest'
import { aDevice } from '../../live/fixtures'
import type { BoardAlert } from '../../live/push'
import { groupAlerts } from './alerts'
import { curveKnots, netAt, niceTicks, pacePerMinute, tableRows } from './curve'
import { shortLabels, sortTiles, tileState, unsynced } from './deviceTile'

describe('a handheld’s tile', () => {
  it.each([
    [{}, { level: 'online' }],
    [{ printer: 'paper_out' as const }, { level: 'fault', why: 'paper_out' }],
    [{ printer: 'disconnected' as const }, { level: 'fault', why: 'disconnected' }],
    [{ range_used: 1_000 }, { level: 'fault', why: 'numbers_out' }],
    [{ range_used: 800 }, { level: 'warning', why: 'numbers_low' }],
    [{ range_used: 799 }, { level: 'online' }],
    [{ online: false }, { level: 'offline' }],
    [
      { online: false, range_used: 900 },
      { level: 'warning', why: 'numbers_low' },
    ],
    [{ battery_percent: 14 }, { level: 'warning', why: 'battery_low' }],
    [{ battery_percent: null }, { level: 'online' }],
    [{ clock_offset_ms: -120_001 }, { level: 'warning', why: 'clock' }],
    [{ printer: 'paper_low' as const }, { level: 'warning', why: 'paper_low' }],
    [{ state: 'joined' as const, range_total: 0, range_used: 0 }, { level: 'idle' }],
    [{ state: 'final' as const, online: false, printer: 'paper_out' as const }, { level: 'final' }],
    [{ state: 'lost' as const }, { level: 'lost' }],
  ])('%j is %j', (change, state) => {
    expect(tileState(aDevice(change))).toEqual(state)
  })

  it('sorts trouble to the top, then by label as a number', () => {
    const order = sortTiles([
      aDevice({ device_id: 'a', label: '10' }),
      aDevice({ device_id: 'b', label: '2' }),
      aDevice({ device_id: 'c', label: '30', online: false }),
      aDevice({ device_id: 'd', label: '40', printer: 'paper_out' }),
      aDevice({ device_id: 'e', label: '1', state: 'final' }),
    ])
    expect(order.map(({ device }) => device.label)).toEqual(['40', '30', '2', '10', '1'])
  })

  it.each([
    [
      ['Simulated 01', 'Simulated 02'],
      ['01', '02'],
    ],
    [
      ['RSU-1', 'RSU-12', 'RSU-3'],
      ['1', '12', '3'],
    ],
    [
      ['07', '08'],
      ['07', '08'],
    ],
    [
      ['Gate A 1', 'Gate B 1'],
      ['A 1', 'B 1'],
    ],
    [['Simulated 01'], ['Simulated 01']],
    [
      ['North 1', 'South 1'],
      ['North 1', 'South 1'],
    ],
    [
      ['Bar ', 'Bar 2'],
      ['Bar ', 'Bar 2'],
    ],
    [[], []],
  ])('shortens %j to %j', (labels, short) => {
    expect([...shortLabels(labels).values()]).toEqual(short)
  })

  it('counts what is still out there, but not on what was written off', () => {
    const devices = [
      aDevice({ unsynced_records: 3, unsynced_minor: 3_000 }),
      aDevice({ unsynced_records: 4, unsynced_minor: 4_000, state: 'lost' }),
    ]
    expect(unsynced(devices)).toEqual({ records: 3, minor: 3_000 })
  })
})

describe('alerts', () => {
  const alert = (change: Partial<BoardAlert>): BoardAlert => ({
    code: 'device_offline',
    level: 'offline',
    device_id: 'd1',
    since_ms: 100,
    detail: '01',
    ...change,
  })

  it('put the worst first and say the same thing once', () => {
    const grouped = groupAlerts([
      alert({ device_id: 'd1', since_ms: 300 }),
      alert({ code: 'paper_out', level: 'fault', device_id: 'd2', detail: '02' }),
      alert({ device_id: 'd3', since_ms: 200 }),
    ])
    expect(grouped.map(({ code, deviceIds, since_ms }) => [code, deviceIds, since_ms])).toEqual([
      ['paper_out', ['d2'], 100],
      ['device_offline', ['d1', 'd3'], 200],
    ])
  })
})

describe('the sales curve', () => {
  const points = Array.from({ length: 30 }, (_, minute) => ({
    at_ms: minute * 60_000,
    net_minor: minute * 1_000,
    orders: minute,
    numbers: minute * 10,
  }))

  const now = { atMs: 29.5 * 60_000, netMinor: 29_500 }
  const steady = curveKnots(points, 0, now)

  it('reaches a minute’s sum at its end, stays flat without sales, and leads to the live end', () => {
    const sold = [
      { at_ms: 0, net_minor: 1_000, orders: 1, numbers: 1 },
      { at_ms: 180_000, net_minor: 3_000, orders: 2, numbers: 2 },
    ]
    expect(curveKnots(sold, 27_000, { atMs: 200_000, netMinor: 2_500 })).toEqual([
      { atMs: 27_000, netMinor: 0 },
      { atMs: 60_000, netMinor: 1_000 },
      { atMs: 200_000, netMinor: 2_500 },
    ])
    expect(curveKnots(sold, 27_000, null)).toEqual([
      { atMs: 27_000, netMinor: 0 },
      { atMs: 60_000, netMinor: 1_000 },
      { atMs: 180_000, netMinor: 1_000 },
      { atMs: 240_000, netMinor: 3_000 },
    ])
    expect(curveKnots([], 27_000, null)).toEqual([{ atMs: 27_000, netMinor: 0 }])
  })

  it('knows the net at any instant', () => {
    expect(netAt(steady, 90_000)).toBe(500)
    expect(netAt(steady, -1)).toBe(0)
    expect(netAt(steady, 99 * 60_000)).toBe(29_500)
  })

  it('tells the pace of the last five minutes', () => {
    const doubled = curveKnots(points, 0, { atMs: now.atMs, netMinor: netAt(steady, 24.5 * 60_000) + 10_000 })
    expect(pacePerMinute(doubled)).toBe(2_000)
    expect(pacePerMinute([])).toBeNull()
    expect(pacePerMinute(curveKnots([], 0, { atMs: 30_000, netMinor: 500 }))).toBeNull()
  })

  it('draws at most five gridlines, from zero, over the highest value', () => {
    for (const highest of [1, 7, 99, 1_234, 73_080, 99_999, 1_000_001]) {
      const ticks = niceTicks(highest)
      expect(ticks[0]).toBe(0)
      expect(ticks.length).toBeLessThanOrEqual(5)
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(highest)
    }
    expect(niceTicks(0)).toEqual([0])
  })

  it('has a short table that ends with the last point', () => {
    const rows = tableRows(points)
    expect(rows.length).toBeLessThanOrEqual(12)
    expect(rows.at(-1)).toBe(points.at(-1))
  })
})
