import { useRef, type ReactNode } from 'react'
import { isReadOnly } from '../auth/roles'
import { useUser } from '../auth/SessionGate'
import { useFormat, useText } from '../i18n'
import { isDown, useLink } from '../live/LiveRaffle'
import { useServerNow } from '../live/now'
import { Link, useRoute } from '../router'
import { Mark } from '../ui/Brand'
import { Chip } from '../ui/Chip'
import { Icon } from '../ui/Icon'
import { AccountMenu } from './AccountMenu'
import { MainLinks } from './MainLinks'
import { useCurrentInView } from './useCurrentInView'

export function TopBar({
  children,
  end,
  raffleId,
}: {
  children: ReactNode
  end: ReactNode
  /** The event it stands over, if any. */
  raffleId: string | null
}) {
  const text = useText()
  const user = useUser()
  return (
    <div className="top">
      <Link to={{ name: 'events' }} className="brand">
        <Mark />
        <span>{text.common.brand}</span>
      </Link>
      {children}
      <div className="topend">
        {isReadOnly(user.role) && (
          <span className="wide-only">
            <Chip tone="idle" icon="eye">
              {text.common.readOnly}
            </Chip>
          </span>
        )}
        {end}
        <AccountMenu raffleId={raffleId} />
      </div>
    </div>
  )
}

/** The bar over the pages that belong to no event. */
export function MainBar() {
  const text = useText()
  const user = useUser()
  const link = useLink()
  const route = useRoute()
  const nav = useRef<HTMLElement>(null)
  useCurrentInView(nav, route?.name)
  return (
    <header className="head">
      <TopBar
        raffleId={null}
        end={
          isDown(link) && (
            <Chip tone="offline" icon="noWifi">
              {text.frame.noConnection}
            </Chip>
          )
        }
      >
        <div className="evt">
          <b>{user.organisation.name}</b>
          <span>{text.status.role[user.role]}</span>
        </div>
        <nav className="show left" aria-label={text.frame.main} ref={nav}>
          <ul>
            <MainLinks />
          </ul>
        </nav>
      </TopBar>
      <LinkBar timeZone={undefined} />
    </header>
  )
}

/** Says since when, and that what stands below is old. */
export function LinkBar({ timeZone }: { timeZone: string | undefined }) {
  const text = useText()
  const format = useFormat()
  const link = useLink()
  if (link.phase !== 'down' && link.phase !== 'stopped') return null
  const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
  return (
    <div className="bar link">
      <Icon name="noWifi" />
      {link.phase === 'down' ? text.link.down(format.time(link.sinceMs, zone)) : text.link.stopped[link.why]}
    </div>
  )
}

export function LinkChip() {
  const text = useText()
  const link = useLink()
  switch (link.phase) {
    case 'live':
      return (
        <Chip tone="online" icon="wifi">
          {text.frame.live}
        </Chip>
      )
    case 'connecting':
      return (
        <Chip tone="idle" icon="sync">
          {text.frame.connecting}
        </Chip>
      )
    case 'down':
    case 'stopped':
      return (
        <Chip tone="offline" icon="noWifi">
          {text.frame.noConnection}
        </Chip>
      )
  }
}

export function ServerTime({ timeZone }: { timeZone: string }) {
  const text = useText()
  const format = useFormat()
  const now = useServerNow()
  return (
    <time className="clock" title={text.frame.clock}>
      <span className="vh">{text.frame.clock} </span>
      {format.time(now, timeZone, true)}
    </time>
  )
}
