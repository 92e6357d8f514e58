import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { minorDigits } from '../../format/money'
import { useFormat, useText, type Format } from '../../i18n'
import { useTheme } from '../../ui/theme'
import { niceTicks, type Knot } from './curve'

interface Props {
  knots: readonly Knot[]
  /** The live end of the curve; null once sales are over. */
  now: Knot | null
  startMs: number
  closesAtMs: number
  currency: string
  timeZone: string
  stale: boolean
}

/** A token's colour as the canvas understands it, whatever expression the token is. */
function colours(element: HTMLElement) {
  const probe = document.createElement('span')
  element.append(probe)
  const read = (token: string): string => {
    probe.style.color = `var(${token})`
    return getComputedStyle(probe).color
  }
  const found = {
    ink: read('--ink'),
    quiet: read('--ink-2'),
    faint: read('--ink-3'),
    grid: read('--chart-grid'),
    line: read('--chart-now'),
    fill: read('--chart-now-fill'),
    dot: read('--hivis'),
  }
  probe.remove()
  return found
}

const AXIS_PX = 12.5

interface Frame {
  props: Props
  format: Format
  words: { now: string; close: string }
}

function options(
  element: HTMLElement,
  frame: { current: Frame },
  width: number,
  height: number,
): uPlot.Options {
  const colour = colours(element)
  const family = getComputedStyle(element).fontFamily
  const font = `${AXIS_PX}px ${family}`
  const bold = `680 ${AXIS_PX}px ${family}`
  const time = (seconds: number) => frame.current.format.time(seconds * 1000, frame.current.props.timeZone)
  const line = () => (frame.current.props.stale ? colour.faint : colour.line)

  const marks = (plot: uPlot) => {
    const { props, words } = frame.current
    const { ctx } = plot
    const scale = uPlot.pxRatio
    const { left, top, width: w, height: h } = plot.bbox
    const bottom = top + h
    ctx.save()
    ctx.textBaseline = 'top'
    // The close: a strong line that the curve runs towards.
    const closeX = plot.valToPos(props.closesAtMs / 1000, 'x', true)
    ctx.fillStyle = colour.ink
    ctx.fillRect(closeX - scale, top - 6 * scale, 2 * scale, h + 11 * scale)
    ctx.font = bold.replace(String(AXIS_PX), String(AXIS_PX * scale))
    ctx.textAlign = 'right'
    const closeLabel = `${time(props.closesAtMs / 1000)} ${words.close}`
    ctx.fillText(closeLabel, left + w + 2 * scale, bottom + 10 * scale)
    if (props.now) {
      const x = plot.valToPos(props.now.atMs / 1000, 'x', true)
      const y = plot.valToPos(props.now.netMinor / 10 ** minorDigits(props.currency), 'y', true)
      ctx.fillStyle = colour.faint
      ctx.fillRect(x - scale / 2, y, scale, bottom - y + 5 * scale)
      ctx.fillStyle = colour.ink
      const closeLeft = left + w - ctx.measureText(closeLabel).width
      const half = ctx.measureText(words.now).width / 2
      if (x + half + 8 * scale < closeLeft) {
        ctx.textAlign = 'center'
        ctx.fillText(words.now, Math.max(left + half, x), bottom + 10 * scale)
      }
      ctx.beginPath()
      ctx.arc(x, y, 5.5 * scale, 0, 2 * Math.PI)
      ctx.fillStyle = props.stale ? colour.faint : colour.dot
      ctx.fill()
      ctx.lineWidth = 2 * scale
      ctx.strokeStyle = colour.ink
      ctx.stroke()
      // The value beside its end, on the side where there is room.
      const label = frame.current.format.money(props.now.netMinor, props.currency)
      ctx.font = bold.replace(String(AXIS_PX), String(14 * scale))
      ctx.fillStyle = colour.ink
      ctx.textBaseline = 'bottom'
      const roomLeft = x - left > ctx.measureText(label).width + 20 * scale
      ctx.textAlign = roomLeft ? 'right' : 'left'
      ctx.fillText(
        label,
        roomLeft ? x - 12 * scale : x + 12 * scale,
        Math.max(top + 14 * scale, y - 5 * scale),
      )
    }
    ctx.restore()
  }

  return {
    width,
    height,
    padding: [10, 4, 6, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: {
        time: false,
        range: () => {
          const { props } = frame.current
          return [props.startMs / 1000, Math.max(props.closesAtMs, props.startMs + 60_000) / 1000]
        },
      },
      y: {
        range: (_plot, _min, max) => [0, niceTicks(Math.max(max, 1) * 1.06).at(-1) ?? 1],
      },
    },
    axes: [
      {
        stroke: colour.quiet,
        font,
        size: 28,
        gap: 4,
        grid: { show: false },
        ticks: { stroke: colour.faint, size: 5, width: 1 },
        splits: (plot) => {
          const { props } = frame.current
          const spanMinutes = (props.closesAtMs - props.startMs) / 60_000
          const room = Math.max(1, Math.floor((plot.bbox.width / uPlot.pxRatio - 90) / 110))
          const step =
            ([5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].find((minutes) => spanMinutes / minutes <= room) ??
              1440) * 60
          const first = Math.ceil(props.startMs / 1000 / step) * step
          const splits: number[] = []
          for (let at = first; at < props.closesAtMs / 1000; at += step) splits.push(at)
          return splits
        },
        values: (plot, splits) => {
          const { props, words } = frame.current
          const busy: number[] = [plot.valToPos(props.closesAtMs / 1000, 'x') - 45]
          if (props.now) busy.push(plot.valToPos(props.now.atMs / 1000, 'x'))
          return splits.map((at) => {
            const x = plot.valToPos(at, 'x')
            return busy.some((taken) => Math.abs(taken - x) < 30 + words.now.length * 4) ? '' : time(at)
          })
        },
      },
      {
        stroke: colour.quiet,
        font,
        size: 58,
        gap: 6,
        grid: { stroke: colour.grid, width: 1 },
        ticks: { show: false },
        splits: (plot) => niceTicks(plot.scales['y']?.max ?? 1),
        values: (_plot, splits) => {
          const { props, format } = frame.current
          return splits.map((value) =>
            format.moneyShort(value * 10 ** minorDigits(props.currency), props.currency),
          )
        },
      },
    ],
    series: [
      {},
      {
        stroke: line,
        width: 2.6,
        fill: () => (frame.current.props.stale ? colour.grid : colour.fill),
        points: { show: false },
      },
    ],
    hooks: { draw: [marks] },
  }
}

function dataOf({ knots, currency }: Props): uPlot.AlignedData {
  const unit = 10 ** minorDigits(currency)
  return [knots.map((knot) => knot.atMs / 1000), knots.map((knot) => knot.netMinor / unit)]
}

/** The chart itself; its words (summary, table) stand around it. */
export function CurveChart(props: Props) {
  const text = useText()
  const format = useFormat()
  const theme = useTheme()
  const element = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const frame = useRef<Frame>({ props, format, words: { now: text.board.now, close: text.board.close } })

  const { knots, now, startMs, closesAtMs, currency, timeZone, stale } = props
  const nowMs = now?.atMs
  const nowMinor = now?.netMinor
  useEffect(() => {
    const live = nowMs === undefined || nowMinor === undefined ? null : { atMs: nowMs, netMinor: nowMinor }
    const drawn = { knots, now: live, startMs, closesAtMs, currency, timeZone, stale }
    frame.current = { props: drawn, format, words: { now: text.board.now, close: text.board.close } }
    plot.current?.setData(dataOf(drawn))
  }, [knots, nowMs, nowMinor, startMs, closesAtMs, currency, timeZone, stale, format, text])

  useEffect(() => {
    const host = element.current
    if (!host) return
    const size = () => ({ width: host.clientWidth, height: host.clientHeight })
    const { width, height } = size()
    const made = new uPlot(options(host, frame, width, height), dataOf(frame.current.props), host)
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize(size()))
    observer.observe(host)
    // The canvas does not wait for the font by itself.
    void document.fonts.ready.then(() => made.redraw())
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [theme])

  return <div className="chart" ref={element} aria-hidden="true" />
}
