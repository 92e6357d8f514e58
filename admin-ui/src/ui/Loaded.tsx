/** What a live region shows when it has nothing, not yet, or not any more. */
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useText } from '../i18n'
import { Button } from './Button'
import { Icon, type IconName } from './Icon'
import { Notice } from './Notice'
import { useProblemText } from './Problem'

export function Skeleton() {
  const text = useText()
  return (
    <div role="status">
      <span className="vh">{text.live.loading}</span>
      <span className="skel w80" />
      <span className="skel w60" />
      <span className="skel w70" />
    </div>
  )
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <p>
        <b>{title}</b> {children}
      </p>
    </div>
  )
}

export function LoadFailed({ error, retry }: { error: unknown; retry: () => void }) {
  const text = useText()
  const problemText = useProblemText()
  return (
    <Notice tone="danger" live>
      <p>
        <b>{text.problem.readFailed}</b> {problemText(error, 'read')} {text.problem.readFailedHint}
      </p>
      <Button small onClick={retry}>
        {text.common.retry}
      </Button>
    </Notice>
  )
}

/** Loading, failed or there. Data that was there stays while a later read fails. */
export function Loaded<T>({
  query,
  children,
}: {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'refetch'>
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.error) return <LoadFailed error={query.error} retry={() => void query.refetch()} />
  return <Skeleton />
}
