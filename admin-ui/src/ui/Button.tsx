import { useId, type ButtonHTMLAttributes, type MouseEvent, type ReactNode } from 'react'
import { useText } from '../i18n'
import { Link, type To } from '../router'
import { Icon, type IconName } from './Icon'

export type ButtonTone = 'plain' | 'next' | 'solid' | 'danger' | 'danger-strong' | 'quiet'

const toneClass: Record<ButtonTone, string> = {
  plain: '',
  next: 'next',
  solid: 'solid',
  danger: 'danger',
  'danger-strong': 'danger strong',
  quiet: 'quiet',
}

interface Looks {
  tone?: ButtonTone
  small?: boolean
  wide?: boolean
  icon?: IconName
}

export function buttonClass({ tone = 'plain', small, wide }: Looks): string {
  return ['btn', toneClass[tone], small && 'small', wide && 'wide'].filter(Boolean).join(' ')
}

type Props = Looks & {
  /** Why it cannot be pressed now. It stays focusable and keeps its words; the reason stands below. */
  reason?: string | null
  /** The id of a reason that is written elsewhere on the page, in place of the line below. */
  reasonId?: string
  busy?: boolean
  children: ReactNode
} & Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'>

export function Button({
  tone,
  small,
  wide,
  icon,
  reason = null,
  reasonId,
  busy = false,
  onClick,
  children,
  className,
  type = 'button',
  ...rest
}: Props) {
  const text = useText()
  const ownId = useId()
  const blocked = reason !== null || busy
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (blocked) event.preventDefault()
    else onClick?.(event)
  }
  const button = (
    <button
      {...rest}
      type={type}
      className={[buttonClass({ tone, small, wide }), className].filter(Boolean).join(' ')}
      aria-disabled={reason !== null || undefined}
      aria-busy={busy || undefined}
      aria-describedby={reason === null ? rest['aria-describedby'] : (reasonId ?? ownId)}
      onClick={press}
    >
      {icon && <Icon name={busy ? 'sync' : icon} />}
      {busy ? text.common.busy : children}
    </button>
  )
  if (reason === null || reasonId !== undefined) return button
  return (
    <div className="act">
      {button}
      <Why id={ownId}>{reason}</Why>
    </div>
  )
}

/** The reason beside a disabled control. */
export function Why({ id, icon = 'lock', children }: { id: string; icon?: IconName; children: ReactNode }) {
  return (
    <p className="why" id={id}>
      <Icon name={icon} />
      <span>{children}</span>
    </p>
  )
}

/** A link that looks like a button: it goes somewhere, it does not do something. */
export function ButtonLink({
  to,
  children,
  icon,
  ...looks
}: Looks & { to: To; children: ReactNode; 'aria-label'?: string }) {
  return (
    <Link to={to} className={buttonClass(looks)} aria-label={looks['aria-label']}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  )
}
