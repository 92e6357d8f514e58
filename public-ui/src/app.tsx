import type { ComponentType } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { useI18n } from './i18n'
import { type Route, ShownContext, useRoute } from './router'
import { EventScreen } from './screens/event/event'
import { EventsScreen } from './screens/events/events'
import { Missing } from './screens/missing'
import { Skeleton } from './ui/parts'

/** `onShown` runs when the first screen stands, so that the server's plain block is not taken away too early. */
export function App({ onShown }: { onShown: () => void }) {
  const { t } = useI18n()
  const route = useRoute()
  const first = useRef(true)
  const moved = useRef(false)
  const previous = useRef(route)
  if (previous.current !== route) {
    previous.current = route
    moved.current = true
  }
  const shown = useCallback(
    (title: string) => {
      document.title = `${title} · Drumroll`
      if (first.current) onShown()
      first.current = false
      if (moved.current) document.querySelector<HTMLElement>('h1')?.focus()
      moved.current = false
    },
    [onShown],
  )
  return (
    <ShownContext.Provider value={shown}>
      {route.name !== 'display' && (
        <a class="skip" href="#main">
          {t.skip}
        </a>
      )}
      <Screen route={route} />
    </ShownContext.Provider>
  )
}

function Screen({ route }: { route: Route }) {
  switch (route.name) {
    case 'events':
      return <EventsScreen />
    case 'event':
      return <EventScreen key={route.id} id={route.id} />
    case 'display':
      return <Lazy key={route.id} load={loadDisplay} id={route.id} />
    case 'ticket':
      return <Lazy key={route.validation} load={loadTicket} validation={route.validation} />
    case 'not_found':
      return <Missing problem="not_found" />
  }
}

const loadDisplay = () => import('./screens/display/display').then((module) => module.DisplayScreen)
const loadTicket = () => import('./screens/ticket/ticket').then((module) => module.TicketScreen)

function Lazy<P extends object>({ load, ...props }: P & { load: () => Promise<ComponentType<P>> }) {
  const [Loaded, setLoaded] = useState<ComponentType<P> | null>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    load().then(
      (component) => setLoaded(() => component),
      () => setFailed(true),
    )
  }, [load])
  if (failed) return <Missing problem="unreachable" />
  return Loaded === null ? <Skeleton lines={4} /> : <Loaded {...(props as unknown as P)} />
}
