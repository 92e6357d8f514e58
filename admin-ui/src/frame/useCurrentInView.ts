import { useEffect, type RefObject } from 'react'

/** On a narrow screen the bar scrolls: the present step is brought into it. */
export function useCurrentInView(nav: RefObject<HTMLElement | null>, current: string | undefined): void {
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })
  }, [nav, current])
}
