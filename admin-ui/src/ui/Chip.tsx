import type { ReactNode } from 'react'
import { Icon, type IconName } from './Icon'

export type ChipTone =
  'live' | 'online' | 'offline' | 'warn' | 'danger' | 'closed' | 'sealed' | 'idle' | 'test'

export interface Look {
  tone: ChipTone
  icon: IconName
}

export function Chip({ tone, icon, children }: Look & { children: ReactNode }) {
  return (
    <span className={`chip ${tone}`}>
      <Icon name={icon} />
      {children}
    </span>
  )
}
