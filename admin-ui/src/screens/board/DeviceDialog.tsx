import type { BoardDevice, RaffleAdmin } from '../../api/types'
import { useFormat, useText } from '../../i18n'
import { useServerNow } from '../../live/now'
import { deviceStateLook } from '../../status/looks'
import { Chip } from '../../ui/Chip'
import { Dialog } from '../../ui/Dialog'

const CLOCK_AGREES_MS = 500

/** Everything a handheld has told about itself. */
export function DeviceDialog({
  device,
  raffle,
  onClose,
}: {
  device: BoardDevice
  raffle: RaffleAdmin
  onClose: () => void
}) {
  const text = useText()
  const format = useFormat()
  const now = useServerNow()
  const words = text.board.device
  const money = (minor: number) => format.money(minor, raffle.currency)
  const offset = device.clock_offset_ms
  const facts: [label: string, value: string][] = [
    [words.seller, device.seller_name ?? words.unknown],
    [
      words.lastHeard,
      device.last_heartbeat_ms == null
        ? words.never
        : words.ago(format.duration(now - device.last_heartbeat_ms)),
    ],
    [words.sales, `${format.number(device.sales)} · ${money(device.net_minor)}`],
    [
      words.waiting,
      device.unsynced_records === 0
        ? text.common.none
        : `${format.number(device.unsynced_records)} · ${text.board.about(money(device.unsynced_minor))}`,
    ],
    [words.numbers, words.numbersOf(format.number(device.range_used), format.number(device.range_total))],
    [
      words.clock,
      offset == null
        ? words.unknown
        : Math.abs(offset) < CLOCK_AGREES_MS
          ? words.clockExact
          : words.clockOff(`${offset > 0 ? '+' : '−'}${(Math.abs(offset) / 1000).toFixed(1)}\u00a0s`),
    ],
    [
      words.battery,
      device.battery_percent == null ? words.unknown : format.percent(device.battery_percent / 100),
    ],
    [words.printer, device.printer == null ? words.unknown : text.status.printer[device.printer]],
    [words.closing, device.close_acknowledged ? words.closingYes : words.closingNo],
  ]
  if (device.final_at_ms != null)
    facts.push([words.final, format.time(device.final_at_ms, raffle.time_zone, true)])
  return (
    <Dialog title={words.title(device.label)} onClose={onClose}>
      <p className="row wrap">
        <Chip {...deviceStateLook[device.state]}>{text.status.device[device.state]}</Chip>
        {device.online ? (
          <Chip tone="online" icon="wifi">
            {text.board.tile.online}
          </Chip>
        ) : (
          <Chip tone="offline" icon="noWifi">
            {device.last_heartbeat_ms == null
              ? text.board.tile.offlineNever
              : text.board.tile.offline(format.duration(now - device.last_heartbeat_ms))}
          </Chip>
        )}
      </p>
      <dl className="facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="num-wrap">{value}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
