import { useCallback, useEffect, useState } from 'preact/hooks'
import { type RaffleStatus, type RaffleSummary, get, isAnnounced } from '../../api/client'
import { useI18n } from '../../i18n'
import { eventPath, useShown } from '../../router'
import { useOrders } from '../../services'
import type { IconName } from '../../ui/icons'
import { Icon } from '../../ui/icons'
import { Money } from '../../ui/money'
import { Brand, Chip, LanguageSwitch, Notice, Skeleton, type Tone } from '../../ui/parts'
import { FindTicket } from '../event/find'
import { MyTickets } from '../event/mine'

const REFRESH_MS = 15_000

type Group = 'now' | 'soon' | 'past'
const LOOK: Record<RaffleStatus, { group: Group; tone: Tone; icon: IconName }> = {
  draft: { group: 'soon', tone: 'idle', icon: 'clock' },
  configured: { group: 'soon', tone: 'idle', icon: 'clock' },
  selling: { group: 'now', tone: 'live', icon: 'ticket' },
  suspended: { group: 'now', tone: 'warn', icon: 'pause' },
  closing: { group: 'now', tone: 'closed', icon: 'closed' },
  reconciling: { group: 'now', tone: 'closed', icon: 'closed' },
  reconciled: { group: 'now', tone: 'closed', icon: 'closed' },
  finalized: { group: 'past', tone: 'closed', icon: 'check' },
  cancelled: { group: 'past', tone: 'idle', icon: 'x' },
}

export function EventsScreen() {
  const { t } = useI18n()
  const [items, setItems] = useState<RaffleSummary[] | null>(null)
  const [cursor, setCursor] = useState<string | null>(null)
  const [failed, setFailed] = useState(false)
  const mine = useOrders(null)
  useShown(items !== null || failed, t.events_title)

  const load = useCallback(async (from: string | null) => {
    const result = await get('/api/v1/raffles', {
      query: from === null ? { limit: 50 } : { limit: 50, cursor: from },
    })
    if (result.kind !== 'ok') {
      setFailed(true)
      return
    }
    setFailed(false)
    const page = result.body.items.filter(isAnnounced)
    // A refresh renews the first page and leaves what was asked for after it.
    setItems((before) => (from === null ? merge(page, before ?? []) : merge(before ?? [], page)))
    setCursor((before) => (from === null && before !== null ? before : result.body.next_cursor))
  }, [])

  useEffect(() => {
    void load(null)
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void load(null)
    }, REFRESH_MS)
    return () => clearInterval(timer)
  }, [load])

  const groups: Record<Group, RaffleSummary[]> = { now: [], soon: [], past: [] }
  for (const item of items ?? []) groups[LOOK[item.status].group].push(item)
  const titles: Record<Group, string> = { now: t.events_now, soon: t.events_soon, past: t.events_past }

  return (
    <>
      <header class="hero slim" data-theme="dark">
        <div class="in">
          <div class="br">
            <Brand />
            <LanguageSwitch />
          </div>
          <h1 tabIndex={-1}>{t.events_title}</h1>
          <p class="sm muted">{t.events_lead}</p>
        </div>
      </header>
      <main class="in two" id="main">
        <div class="rest">
          {failed && (
            <Notice tone="danger" icon="alert" role="alert">
              <b>{t.events_failed}</b> {t.events_failed_text}{' '}
              <button type="button" class="linklike" onClick={() => void load(null)}>
                {t.try_again}
              </button>
            </Notice>
          )}
          {items === null && !failed && <Skeleton lines={4} />}
          {items?.length === 0 && (
            <div class="empty">
              <Icon name="ticket" />
              <p>
                <b>{t.events_none}</b> {t.events_none_text}
              </p>
            </div>
          )}
          {(['now', 'soon', 'past'] as const).map(
            (group) =>
              groups[group].length > 0 && (
                <section key={group} class="sec" aria-labelledby={`g-${group}`}>
                  <header>
                    <h2 id={`g-${group}`}>{titles[group]}</h2>
                  </header>
                  <ul>
                    {groups[group].map((item) => (
                      <EventRow key={item.id} item={item} />
                    ))}
                  </ul>
                </section>
              ),
          )}
          {cursor !== null && (
            <p>
              <button type="button" class="btn" onClick={() => void load(cursor)}>
                {t.more}
              </button>
            </p>
          )}
        </div>
        <div class="rest">
          {mine.length > 0 && <MyTickets orders={mine} timeZone={null} />}
          <FindTicket folded={false} />
        </div>
      </main>
    </>
  )
}

function merge(first: RaffleSummary[], then: RaffleSummary[]): RaffleSummary[] {
  const seen = new Set(first.map((item) => item.id))
  return [...first, ...then.filter((item) => !seen.has(item.id))]
}

function EventRow({ item }: { item: RaffleSummary }) {
  const { t, at } = useI18n()
  const { tone, icon, group } = LOOK[item.status]
  const closes = at(item.closes_at_ms, item.time_zone)
  const time =
    item.status === 'selling' || item.status === 'suspended'
      ? t.closes_at(closes)
      : group === 'soon'
        ? t.opens_at(at(item.sales_start_ms, item.time_zone))
        : item.status === 'cancelled'
          ? null
          : t.closed_at(closes)
  return (
    <li>
      <a class="ev" href={eventPath(item.id)}>
        <span class="grow">
          <b class="lead">{item.name}</b>
          <span class="sm muted">{t.event_at(item.venue_name, item.organisation_name)}</span>
          <span class="row wrap sm">
            <Chip tone={tone} icon={icon}>
              {t.status[item.status]}
            </Chip>
            {item.kind === 'test' && (
              <Chip tone="testc" icon="flask">
                {t.test_chip}
              </Chip>
            )}
            {time !== null && <span class="muted num">{time}</span>}
          </span>
        </span>
        {item.status !== 'cancelled' && (
          <span class="evj">
            <span class="xs muted">{t.jackpot}</span>
            <Money minor={item.jackpot_minor} currency={item.currency} />
          </span>
        )}
        <Icon name="chevron" />
      </a>
    </li>
  )
}
