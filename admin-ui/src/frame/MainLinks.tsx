import { useCan } from '../auth/SessionGate'
import { useText } from '../i18n'
import { Link, useRoute, type RouteName, type To } from '../router'

/** The pages that belong to no event. */
export function MainLinks({ onFollow }: { onFollow?: () => void }) {
  const text = useText()
  const route = useRoute()
  const watches = useCan('watch')
  const seesPeople = useCan('manage_organisation')
  const seesLog = useCan('read_log')
  const finds = useCan('find_ticket')
  const links: { to: To; label: string; here: readonly RouteName[] }[] = []
  if (watches) links.push({ to: { name: 'events' }, label: text.frame.events, here: ['events', 'newEvent'] })
  if (finds) links.push({ to: { name: 'lookUp' }, label: text.frame.tickets, here: ['lookUp'] })
  if (watches) links.push({ to: { name: 'handhelds' }, label: text.frame.handhelds, here: ['handhelds'] })
  if (seesPeople) links.push({ to: { name: 'people' }, label: text.frame.people, here: ['people'] })
  if (seesLog) links.push({ to: { name: 'log' }, label: text.frame.log, here: ['log'] })
  return links.map(({ to, label, here }) => (
    <li key={to.name}>
      <Link to={to} aria-current={route && here.includes(route.name) ? 'page' : undefined} onClick={onFollow}>
        {label}
      </Link>
    </li>
  ))
}
