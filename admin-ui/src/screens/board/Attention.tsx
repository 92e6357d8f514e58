import type { LiveRaffle } from '../../live/fold'
import { useFormat, useText } from '../../i18n'
import { alertIcon } from '../../status/looks'
import { Button } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import { Section } from '../../ui/Section'
import { byLabel } from '../devices/byLabel'
import { groupAlerts } from './alerts'

/** Alerts shown in full; the rest is in the grid below, sorted the same way. */
const SHOWN = 6

export function Attention({ live, onShow }: { live: LiveRaffle; onShow: (deviceId: string) => void }) {
  const text = useText()
  const format = useFormat()
  const { raffle, board } = live
  const alerts = groupAlerts(board?.alerts ?? [])
  return (
    <Section title={text.board.attention} count={alerts.length || undefined} className="side">
      {alerts.length === 0 ? (
        <p className="sm muted">
          <b>{text.board.calm}</b> {text.board.calmHint}
        </p>
      ) : (
        <ul>
          {alerts.slice(0, SHOWN).map((alert) => {
            const devices = raffle.devices
              .filter((device) => alert.deviceIds.includes(device.device_id))
              .toSorted(byLabel)
            const device = devices.length === 1 ? devices[0] : undefined
            return (
              <li className={`alert ${alert.level}`} key={alert.code}>
                <Icon name={alertIcon[alert.level]} />
                <p>
                  {device && <b>{text.board.device.title(device.label)}. </b>}
                  {devices.length > 1 && (
                    <b>{text.board.devices(format.list(devices.map((each) => each.label)))}. </b>
                  )}
                  {alert.code in text.alerts ? text.alerts[alert.code](Number(alert.detail)) : alert.detail}{' '}
                  {devices.length > 0 && (
                    <span className="muted">
                      {text.board.since(format.time(alert.since_ms, raffle.time_zone))}
                    </span>
                  )}
                </p>
                {device && (
                  <Button
                    small
                    onClick={() => onShow(device.device_id)}
                    aria-label={`${text.board.show}: ${text.board.device.title(device.label)}`}
                  >
                    {text.board.show}
                  </Button>
                )}
              </li>
            )
          })}
        </ul>
      )}
    </Section>
  )
}
