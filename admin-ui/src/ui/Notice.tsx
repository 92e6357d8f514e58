import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon'

export type NoticeTone = 'ok' | 'warn' | 'danger' | 'offline'

const icons: Record<NoticeTone, IconName> = { ok: 'check', warn: 'clock', danger: 'fault', offline: 'noWifi' }

export function Notice({
  tone,
  icon,
  live,
  children,
}: {
  tone: NoticeTone
  icon?: IconName
  /** Read out when it appears: faults at once, the rest when the reader pauses. */
  live?: boolean
  children: ReactNode
}) {
  const role = live ? (tone === 'danger' ? 'alert' : 'status') : undefined
  return (
    <div className={`notice ${tone}`} role={role}>
      <Icon name={icon ?? icons[tone]} />
      <div>{children}</div>
    </div>
  )
}
