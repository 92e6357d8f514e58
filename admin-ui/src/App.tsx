import { lazy, Suspense } from 'react'
import { SessionGate, useCan } from './auth/SessionGate'
import { EventFrame } from './frame/EventFrame'
import { Failed } from './frame/Failed'
import { LockedScreen } from './frame/LockedScreen'
import { MainBar } from './frame/TopBar'
import { useText } from './i18n'
import { useRoute, type Route } from './router'
import { ClosingScreen } from './screens/closing/ClosingScreen'
import { DevicesScreen } from './screens/devices/DevicesScreen'
import { DrawScreen } from './screens/draw/DrawScreen'
import { EventsScreen } from './screens/events/EventsScreen'
import { NotFoundScreen } from './screens/events/NotFoundScreen'
import { LogScreen } from './screens/log/LogScreen'
import { PeopleScreen } from './screens/people/PeopleScreen'
import { PublishScreen } from './screens/publish/PublishScreen'
import { ReconcileScreen } from './screens/reconcile/ReconcileScreen'
import { ReportScreen } from './screens/report/ReportScreen'
import { SetUpScreen } from './screens/setup/SetUpScreen'
import { LookUpScreen, TicketsScreen } from './screens/tickets/TicketsScreen'
import { stepNames, stepReachable } from './status/steps'
import { Announcer } from './ui/announce'
import { Skeleton } from './ui/Loaded'

// The board alone draws a chart.
const BoardScreen = lazy(() => import('./screens/board/BoardScreen'))

function EventScreen({ route }: { route: Extract<Route, { params: { raffleId: string } }> }) {
  return (
    <EventFrame raffleId={route.params.raffleId}>
      {(live) => {
        const step = stepNames.find((name) => name === route.name)
        if (step && !stepReachable(step, live.raffle))
          return <LockedScreen step={step} raffle={live.raffle} />
        switch (route.name) {
          case 'setUp':
            return <SetUpScreen raffle={live.raffle} />
          case 'sell':
            return (
              <Suspense
                fallback={
                  <div className="page">
                    <Skeleton />
                  </div>
                }
              >
                <BoardScreen live={live} />
              </Suspense>
            )
          case 'close':
            return <ClosingScreen live={live} />
          case 'reconcile':
            return <ReconcileScreen raffle={live.raffle} />
          case 'draw':
            return <DrawScreen raffle={live.raffle} />
          case 'publish':
            return <PublishScreen raffle={live.raffle} />
          case 'tickets':
            return <TicketsScreen raffle={live.raffle} />
          case 'report':
            return <ReportScreen raffle={live.raffle} />
        }
      }}
    </EventFrame>
  )
}

function MainScreen({ route }: { route: Route | null }) {
  const watches = useCan('watch')
  // Sellers may look tickets up and nothing else here.
  if (!watches) return <LookUpScreen />
  switch (route?.name) {
    case 'events':
    case 'newEvent':
      return <EventsScreen creating={route.name === 'newEvent'} />
    case 'lookUp':
      return <LookUpScreen />
    case 'handhelds':
      return <DevicesScreen />
    case 'people':
      return <PeopleScreen />
    case 'log':
      return <LogScreen />
    default:
      return <NotFoundScreen />
  }
}

function Screens() {
  const text = useText()
  const route = useRoute()
  return (
    <>
      <a className="skip btn" href="#content">
        {text.common.skip}
      </a>
      {route && 'raffleId' in route.params ? (
        <EventScreen route={route as Extract<Route, { params: { raffleId: string } }>} />
      ) : (
        <>
          <MainBar />
          <main id="content" tabIndex={-1}>
            <MainScreen route={route} />
          </main>
        </>
      )}
    </>
  )
}

export function App() {
  return (
    <Failed>
      <SessionGate>
        <Screens />
      </SessionGate>
      <Announcer />
    </Failed>
  )
}
