import type { ReactNode } from 'react'
import { useText } from '../../i18n'
import { Mark } from '../../ui/Brand'
import { Preferences } from '../../ui/Preferences'
import './login.css'

/** The page around everything that happens before somebody is let in. */
export function EntryFrame({ children }: { children: ReactNode }) {
  const text = useText()
  return (
    <div className="entry">
      <header className="entry-top">
        <span className="brand">
          <Mark />
          <span>{text.common.brand}</span>
        </span>
        <div className="entry-prefs">
          <Preferences />
        </div>
      </header>
      <main>{children}</main>
    </div>
  )
}
