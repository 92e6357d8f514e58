import { useEffect, useState } from 'react'
import { session } from '../../api/client'
import { useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { Skeleton } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { EntryFrame } from './EntryFrame'

const SLOW_MS = 3_000

/** A reload picks the session up again; while the server is away it keeps asking. */
export function RestoringScreen() {
  const text = useText()
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    const timer = setInterval(() => {
      setSlow(true)
      void session.renew()
    }, SLOW_MS)
    return () => clearInterval(timer)
  }, [])
  return (
    <EntryFrame>
      <div className="panel">
        <PageTitle title={text.login.restoring} />
        {slow ? (
          <>
            <Notice tone="offline" live>
              {text.login.restoreFailed}
            </Notice>
            <Button onClick={() => session.end('asked')}>{text.frame.signOut}</Button>
          </>
        ) : (
          <Skeleton />
        )}
      </div>
    </EntryFrame>
  )
}
