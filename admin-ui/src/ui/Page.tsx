import { useRef, type ReactNode } from 'react'
import { usePageFocus } from '../router'

/** The one heading of a page. It takes the focus after a move, so that screen readers start there. */
export function PageTitle({
  title,
  hidden = false,
  children,
}: {
  /** Also the window's title. */
  title: string
  /** For screens whose first figure says what they are. */
  hidden?: boolean
  /** What stands in the heading if it is more than the title. */
  children?: ReactNode
}) {
  const ref = useRef<HTMLHeadingElement>(null)
  usePageFocus(title, ref)
  return (
    <h1 ref={ref} tabIndex={-1} className={hidden ? 'vh' : undefined}>
      {children ?? title}
    </h1>
  )
}
