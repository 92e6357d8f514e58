import { useEffect, useId, useRef, useState } from 'react'
import { signOut } from '../api/commands'
import { isReadOnly } from '../auth/roles'
import { useUser } from '../auth/SessionGate'
import { useText } from '../i18n'
import { Link } from '../router'
import { PasswordDialog } from '../screens/login/PasswordDialog'
import { Button } from '../ui/Button'
import { Preferences } from '../ui/Preferences'
import { MainLinks } from './MainLinks'

const initials = (name: string): string =>
  name
    .split(/\s+/)
    .map((word) => word[0] ?? '')
    .filter((_, index, all) => index === 0 || index === all.length - 1)
    .join('')
    .toUpperCase()

/** In an event it also leads to the pages that are no step of its life, and out of it. */
export function AccountMenu({ raffleId }: { raffleId: string | null }) {
  const text = useText()
  const user = useUser()
  const [open, setOpen] = useState(false)
  const [changing, setChanging] = useState(false)
  const panelId = useId()
  const ref = useRef<HTMLDivElement>(null)
  const close = () => setOpen(false)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!open) return
    const away = (event: Event) => {
      if (event.target instanceof Node && !ref.current?.contains(event.target)) setOpen(false)
    }
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      button.current?.focus()
    }
    document.addEventListener('pointerdown', away)
    document.addEventListener('focusin', away)
    document.addEventListener('keydown', escape)
    return () => {
      document.removeEventListener('pointerdown', away)
      document.removeEventListener('focusin', away)
      document.removeEventListener('keydown', escape)
    }
  }, [open])
  return (
    <div className="menu" ref={ref}>
      <button
        ref={button}
        type="button"
        className="btn user"
        aria-expanded={open}
        aria-controls={panelId}
        onClick={() => setOpen(!open)}
      >
        {initials(user.name)}
        <span className="vh">, {text.frame.account(user.name)}</span>
      </button>
      {open && (
        <div className="panel" id={panelId}>
          <div>
            <p className="b">{user.name}</p>
            <p className="xs muted">
              {text.status.role[user.role]}
              {isReadOnly(user.role) && ` · ${text.common.readOnly}`}
            </p>
            <p className="xs muted">{user.organisation.name}</p>
          </div>
          {raffleId !== null && (
            <nav aria-label={text.frame.main}>
              <ul>
                <li>
                  <Link to={{ name: 'tickets', params: { raffleId } }} onClick={close}>
                    {text.tickets.list}
                  </Link>
                </li>
                <li className="last">
                  <Link to={{ name: 'report', params: { raffleId } }} onClick={close}>
                    {text.report.title}
                  </Link>
                </li>
                <MainLinks onFollow={close} />
              </ul>
            </nav>
          )}
          <Preferences />
          <Button
            small
            onClick={() => {
              setOpen(false)
              setChanging(true)
            }}
          >
            {text.frame.changePassword}
          </Button>
          <Button small onClick={() => void signOut()}>
            {text.frame.signOut}
          </Button>
        </div>
      )}
      {changing && <PasswordDialog onClose={() => setChanging(false)} />}
    </div>
  )
}
