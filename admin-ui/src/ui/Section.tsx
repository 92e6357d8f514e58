import { useId, type ReactNode } from 'react'

/** A part of a page, opened by a strong rule and named for those who jump between regions. */
export function Section({
  title,
  count,
  aside,
  className,
  id,
  children,
}: {
  title: ReactNode
  /** How many things it lists, beside the title. */
  count?: ReactNode
  aside?: ReactNode
  className?: string
  id?: string
  children: ReactNode
}) {
  const headingId = useId()
  return (
    <section className={className ? `sec ${className}` : 'sec'} aria-labelledby={headingId} id={id}>
      <header>
        <h2 id={headingId}>
          {title}
          {count !== undefined && <span className="count"> {count}</span>}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  )
}
