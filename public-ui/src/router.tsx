import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'

export type Route =
  | { name: 'events' }
  | { name: 'event'; id: string }
  | { name: 'display'; id: string }
  | { name: 'ticket'; validation: string }
  | { name: 'not_found' }

export function match(path: string): Route {
  const parts = path.split('/').filter(Boolean).map(decode)
  const [first, second, third] = parts
  if (parts.length === 0) return { name: 'events' }
  if (first === 'events' && second !== undefined) {
    if (parts.length === 2) return { name: 'event', id: second }
    if (parts.length === 3 && third === 'display') return { name: 'display', id: second }
  }
  if (first === 'tickets' && second !== undefined && parts.length === 2)
    return { name: 'ticket', validation: second }
  return { name: 'not_found' }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export const eventPath = (id: string) => `/events/${encodeURIComponent(id)}`
export const displayPath = (id: string) => `${eventPath(id)}/display`
export const ticketPath = (validation: string) => `/tickets/${encodeURIComponent(validation)}`

export function navigate(path: string): void {
  history.pushState(null, '', path)
  dispatchEvent(new PopStateEvent('popstate'))
  scrollTo(0, 0)
}

/** The route of the address bar. Plain left clicks on links of this site change it without loading the page. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => match(location.pathname))
  useEffect(() => {
    const onPop = () => setRoute(match(location.pathname))
    const onClick = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0) return
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      const link = (event.target as Element).closest<HTMLAnchorElement>('a[href]')
      if (link?.origin !== location.origin || link.target !== '') return
      if (link.hasAttribute('download') || link.hash !== '' || match(link.pathname).name === 'not_found')
        return
      event.preventDefault()
      navigate(link.pathname)
    }
    addEventListener('popstate', onPop)
    addEventListener('click', onClick)
    return () => {
      removeEventListener('popstate', onPop)
      removeEventListener('click', onClick)
    }
  }, [])
  return route
}

/** Called once a screen has something to show: the server's plain block may go, and after a move the focus comes along. */
export const ShownContext = createContext<(title: string) => void>(() => undefined)

export function useShown(ready: boolean, title: string): void {
  const shown = useContext(ShownContext)
  useEffect(() => {
    if (ready) shown(title)
  }, [ready, title, shown])
}
