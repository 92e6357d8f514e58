import type { BoardDevice, RaffleAdmin } from '../../api/types'
import { useFormat, useText, type Catalogue, type Format } from '../../i18n'
import { isDown, useLink } from '../../live/LiveRaffle'
import { useServerNow } from '../../live/now'
import { Chip } from '../../ui/Chip'
import { Icon, type IconName } from '../../ui/Icon'
import { Empty } from '../../ui/Loaded'
import { Section } from '../../ui/Section'
import { DeviceDialog } from './DeviceDialog'
import { rangeShare, shortLabels, sortTiles, type TileState } from './deviceTile'

const levelIcon: Record<TileState['level'], IconName> = {
  fault: 'fault',
  warning: 'alert',
  offline: 'noWifi',
  online: 'wifi',
  idle: 'pause',
  final: 'check',
  lost: 'flag',
}

const whyIcon: Partial<Record<Extract<TileState, { why: string }>['why'], IconName>> = {
  paper_out: 'printer',
  disconnected: 'printer',
  paper_low: 'printer',
  battery_low: 'battery',
  clock: 'clock',
}

function stateText(
  state: TileState,
  device: BoardDevice,
  now: number,
  text: Catalogue,
  format: Format,
): string {
  const { tile } = text.board
  switch (state.level) {
    case 'fault':
      return state.why === 'numbers_out' ? tile.numbersOut : tile.fault[state.why]
    case 'warning':
      switch (state.why) {
        case 'numbers_low':
          return tile.numbersLow
        case 'battery_low':
          return tile.batteryLow(format.percent((device.battery_percent ?? 0) / 100))
        case 'paper_low':
          return tile.paperLow
        case 'clock':
          return tile.clock
      }
      break
    case 'offline':
      return device.last_heartbeat_ms == null
        ? tile.offlineNever
        : tile.offline(format.duration(now - device.last_heartbeat_ms))
    case 'online':
      return tile.online
    case 'idle':
      return tile.joined
    case 'final':
      return tile.final
    case 'lost':
      return tile.lost
  }
}

function Tile({
  device,
  label,
  state,
  currency,
  onOpen,
}: {
  device: BoardDevice
  /** As short as tells it apart from the others. */
  label: string
  state: TileState
  currency: string
  onOpen: () => void
}) {
  const text = useText()
  const format = useFormat()
  const now = useServerNow()
  const share = rangeShare(device)
  const icon = ('why' in state ? whyIcon[state.why] : undefined) ?? levelIcon[state.level]
  return (
    <button type="button" className={`tile ${state.level}`} title={device.label} onClick={onOpen}>
      <span className="ln">
        <span className="id">
          <span className="vh">{text.board.device.title(device.label)}</span>
          <span aria-hidden="true">{label}</span>
        </span>
        <span className="st">
          <Icon name={icon} />
          {stateText(state, device, now, text, format)}
        </span>
      </span>
      <span className="ln">
        <span className="who">{device.seller_name ?? '–'}</span>
        <span className="b num money">{format.money(device.net_minor, currency)}</span>
      </span>
      <span className="ft">
        <span
          className="ticks"
          role="img"
          aria-label={text.board.tile.used(format.percent(share))}
          style={{ '--v': Math.round(share * 100) }}
        />
        <span>
          {device.unsynced_records > 0
            ? text.board.tile.waiting(format.number(device.unsynced_records))
            : text.board.tile.left(format.number(device.range_total - device.range_used))}
        </span>
      </span>
    </button>
  )
}

export function Handhelds({
  raffle,
  shown,
  onShow,
}: {
  raffle: RaffleAdmin
  /** The handheld whose details are open, here or by an alert. */
  shown: string | null
  onShow: (deviceId: string | null) => void
}) {
  const text = useText()
  const format = useFormat()
  const link = useLink()
  const tiles = sortTiles(raffle.devices)
  const labels = shortLabels(raffle.devices.map((each) => each.label))
  const countOf = (...levels: TileState['level'][]) =>
    tiles.filter(({ state }) => levels.includes(state.level)).length
  const device = raffle.devices.find((candidate) => candidate.device_id === shown)
  const chips = [
    { n: countOf('online'), tone: 'online', icon: 'wifi', label: text.board.online },
    { n: countOf('offline'), tone: 'offline', icon: 'noWifi', label: text.board.offlineCount },
    { n: countOf('fault', 'warning'), tone: 'warn', icon: 'alert', label: text.board.needHelp },
    { n: countOf('idle'), tone: 'idle', icon: 'pause', label: text.board.notSelling },
    { n: countOf('final', 'lost'), tone: 'closed', icon: 'check', label: text.board.finalCount },
  ] as const
  return (
    <Section
      title={text.board.handhelds}
      count={raffle.devices.length}
      className="devs"
      aside={
        raffle.devices.length > 0 && (
          <p className="legend">
            {isDown(link) && (
              <Chip tone="offline" icon="clock">
                {text.live.asOf(format.time(raffle.jackpot.as_of_ms, raffle.time_zone, true))}
              </Chip>
            )}
            {chips.map(
              ({ n, tone, icon, label }) =>
                n > 0 && (
                  <Chip tone={tone} icon={icon} key={icon}>
                    {label(n)}
                  </Chip>
                ),
            )}
            <span className="xs hide-t">{text.board.barKey}</span>
          </p>
        )
      }
    >
      {raffle.devices.length === 0 ? (
        <Empty icon="wifi" title={text.board.noHandhelds}>
          {text.board.noHandheldsHint}
        </Empty>
      ) : (
        <div className={isDown(link) ? 'tiles down' : 'tiles'}>
          {tiles.map(({ device: each, state }) => (
            <Tile
              key={each.device_id}
              device={each}
              label={labels.get(each.label) ?? each.label}
              state={state}
              currency={raffle.currency}
              onOpen={() => onShow(each.device_id)}
            />
          ))}
        </div>
      )}
      {device && <DeviceDialog device={device} raffle={raffle} onClose={() => onShow(null)} />}
    </Section>
  )
}
