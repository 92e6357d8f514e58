/** A small typed router: one table of addresses, links that cannot point nowhere, state kept in the URL. */
import { useEffect, useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react'

const BASE = '/admin'

const paths = {
  events: '/',
  newEvent: '/events/new',
  setUp: '/events/:raffleId/set-up',
  sell: '/events/:raffleId/sell',
  close: '/events/:raffleId/close',
  reconcile: '/events/:raffleId/reconcile',
  draw: '/events/:raffleId/draw',
  publish: '/events/:raffleId/publish',
  tickets: '/events/:raffleId/tickets',
  report: '/events/:raffleId/report',
  lookUp: '/tickets',
  handhelds: '/handhelds',
  people: '/people',
  log: '/log',
} as const

export type RouteName = keyof typeof paths

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never

type Params<N extends RouteName> = Record<ParamNames<(typeof paths)[N]>, string>

/** A route that was found; `raffleId` is there exactly on the addresses that carry one. */
export type Route = { [N in RouteName]: { name: N; params: Params<N> } }[RouteName]

export type To = {
  [N in RouteName]: { name: N; query?: Record<string, string | undefined> } & (keyof Params<N> extends never
    ? object
    : { params: Params<N> })
}[RouteName]

export function href(to: To): string {
  const params: Record<string, string> = 'params' in to ? to.params : {}
  const path = paths[to.name].replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(to.query ?? {})) if (value) query.set(name, value)
  const search = query.toString()
  return BASE + path + (search ? `?${search}` : '')
}

export function matchRoute(pathname: string): Route | null {
  const here = pathname.replace(BASE, '').split('/').filter(Boolean)
  for (const [name, path] of Object.entries(paths)) {
    const wanted = path.split('/').filter(Boolean)
    if (wanted.length !== here.length) continue
    const params: Record<string, string> = {}
    const fits = wanted.every((part, index) => {
      const given = decodeURIComponent(here[index] ?? '')
      if (!part.startsWith(':')) return part === given
      params[part.slice(1)] = given
      return true
    })
    if (fits) return { name, params } as Route
  }
  return null
}

const listeners = new Set<() => void>()
let moves = 0

function moved(): void {
  moves += 1
  for (const listener of listeners) listener()
}

window.addEventListener('popstate', moved)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function navigate(to: To, { replace = false } = {}): void {
  const target = href(to)
  if (target === window.location.pathname + window.location.search) return
  const samePage = target.split('?')[0] === window.location.pathname
  if (replace) window.history.replaceState(null, '', target)
  else window.history.pushState(null, '', target)
  moved()
  if (!samePage) window.scrollTo(0, 0)
}

const usePathname = () => useSyncExternalStore(subscribe, () => window.location.pathname)
const useSearch = () => useSyncExternalStore(subscribe, () => window.location.search)

export const useRoute = (): Route | null => matchRoute(usePathname())

export const useQueryParam = (name: string): string | null => new URLSearchParams(useSearch()).get(name)

/** Names the page, and after a move puts the reader's focus on its heading; the first load is the browser's. */
export function usePageFocus(title: string, heading: { current: HTMLElement | null }): void {
  const pathname = usePathname()
  useEffect(() => {
    document.title = `${title} · Drumroll`
  }, [title])
  useEffect(() => {
    if (moves > 0) heading.current?.focus({ preventScroll: true })
  }, [pathname, heading])
}

export function Link({ to, onClick, ...rest }: { to: To } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    // A new tab, a download, a middle click: the browser's business.
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return
    event.preventDefault()
    navigate(to)
  }
  return <a {...rest} href={href(to)} onClick={follow} />
}
