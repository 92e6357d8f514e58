import { useEffect, type RefObject } from 'react'

/** On a narrow screen the bar scrolls: the present step is brought into it. */
export function useCurrentInView(nav: RefObject<HTMLElement | null>, current: string | undefined): void {
  useEffect(() => {
    const bar = nav.current
    if (!bar) return
    const show = () =>
      bar.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })
    show()
    // A device that is turned, or a window that is made smaller, hides it again.
    const sizes = new ResizeObserver(show)
    sizes.observe(bar)
    return () => sizes.disconnect()
  }, [nav, current])
}
