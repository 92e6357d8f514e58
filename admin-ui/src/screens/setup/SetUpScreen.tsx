import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { configureRaffle, openRaffle } from '../../api/commands'
import { fetchRaffle, rafflesQuery, venuesQuery } from '../../api/queries'
import type { RaffleAdmin, Venue } from '../../api/types'
import { useGate } from '../../auth/gate'
import { useCan, useUser } from '../../auth/SessionGate'
import { eventNumber } from '../../frame/EventFrame'
import { useFormat, useText } from '../../i18n'
import { serverClock } from '../../live/clock'
import { useServerNow } from '../../live/now'
import { navigate } from '../../router'
import { Button } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Section } from '../../ui/Section'
import { CancelDialog } from './CancelDialog'
import { copyForm, defaultForm, formOf, judge, sectionOf, type ConfigForm } from './configForm'
import { clearDraft, readDraft, writeDraft } from './draft'
import { Frozen } from './Frozen'
import { SetUpFields } from './SetUpFields'
import './setup.css'

export function SetUpScreen({ raffle }: { raffle: RaffleAdmin }) {
  const may = useCan('set_up')
  const venues = useQuery(venuesQuery)
  const editable = raffle.status === 'draft' || raffle.status === 'configured'
  if (!editable || !may) return <Frozen raffle={raffle} />
  return (
    <Loaded query={venues}>{({ items }) => <Editor raffle={raffle} venues={items} key={raffle.id} />}</Loaded>
  )
}

function Editor({ raffle, venues }: { raffle: RaffleAdmin; venues: readonly Venue[] }) {
  const text = useText()
  const format = useFormat()
  const user = useUser()
  const gate = useGate(raffle)
  const now = useServerNow()
  const [form, setForm] = useState<ConfigForm>(
    () =>
      readDraft(raffle.id) ??
      (raffle.config
        ? formOf(raffle.config)
        : defaultForm(
            {
              name: raffle.name,
              organisation: user.organisation.name,
              venue: venues[0],
              nowMs: serverClock.now(),
            },
            text.setUp.defaults,
          )),
  )
  // Saved and unchanged since: the form is what the server has.
  const [saved, setSaved] = useState(() => (raffle.config ? JSON.stringify(formOf(raffle.config)) : null))
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [showAll, setShowAll] = useState(false)
  const [opening, setOpening] = useState(false)
  const [cancelling, setCancelling] = useState(false)
  const [copiedFrom, setCopiedFrom] = useState<number | null>(null)
  // Judged by the minute: a closing time that passes while the page is open becomes a fault.
  const { faults, config } = judge(form, venues, Math.floor(now / 60_000) * 60_000)
  const unsaved = JSON.stringify(form) !== saved

  const change = (next: ConfigForm, path?: string) => {
    setForm(next)
    writeDraft(raffle.id, next)
    if (path !== undefined) setTouched((before) => new Set(before).add(path))
  }
  const save = useMutation({
    mutationFn: () => {
      if (!config) throw new Error('the form has faults')
      return configureRaffle(raffle.id, config)
    },
    onSuccess: () => {
      setSaved(JSON.stringify(form))
      clearDraft(raffle.id)
    },
  })
  const firstFault = faults.entries().next().value
  const saveReason = gate('configure')
  const openReason =
    firstFault !== undefined
      ? text.setUp.fixFirst(
          text.setUp.sections[sectionOf(firstFault[0])],
          text.setUp.faultText[firstFault[1]],
        )
      : unsaved
        ? text.setUp.saveFirst
        : gate('open')

  const submit = () => {
    if (config && saveReason === null) {
      save.mutate()
      return
    }
    setShowAll(true)
    // The first fault takes the focus, where it is explained; the page has redrawn by the next frame.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
  }

  return (
    <div className="page su">
      <header className="hd full">
        <div>
          <PageTitle title={text.setUp.title} />
          <p className="muted">{text.setUp.intro}</p>
        </div>
        {raffle.config == null && (
          <CopyFrom
            raffle={raffle}
            onCopy={(from, number) => {
              change(copyForm(from, form))
              setCopiedFrom(number)
            }}
          />
        )}
      </header>
      <form
        className="su-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        {copiedFrom !== null && (
          <Notice tone="ok" icon="repeat" live>
            {text.setUp.copied(eventNumber(copiedFrom))}
          </Notice>
        )}
        <SetUpFields
          form={form}
          venues={venues}
          profile={raffle.config?.profile_id ?? 'default'}
          faultAt={(path) => {
            const fault = showAll || touched.has(path) ? faults.get(path) : undefined
            return fault === undefined ? null : text.setUp.faultText[fault]
          }}
          onChange={change}
        />
      </form>
      <aside className="su-side">
        <Section title={text.setUp.sections.check}>
          <div className="stack">
            {faults.size === 0 ? (
              <Chip tone="online" icon="check">
                {text.setUp.complete}
              </Chip>
            ) : (
              <Chip tone="warn" icon="alert">
                {text.setUp.faults(faults.size)}
              </Chip>
            )}
            {save.isSuccess && !unsaved ? (
              <Notice tone="ok" live>
                {text.setUp.saved}
              </Notice>
            ) : (
              unsaved && <p className="sm muted">{text.setUp.unsaved}</p>
            )}
            <div className="full act">
              <Button
                tone={unsaved ? 'next' : 'plain'}
                wide
                icon="check"
                reason={saveReason}
                busy={save.isPending}
                onClick={submit}
              >
                {text.setUp.save}
              </Button>
            </div>
            <div className="full">
              <Button
                tone={unsaved ? 'plain' : 'next'}
                wide
                icon="right"
                reason={openReason}
                onClick={() => setOpening(true)}
              >
                {text.setUp.open}
              </Button>
            </div>
            <ProblemNotice error={save.error} />
          </div>
        </Section>
        <Section title={text.setUp.endHeading}>
          <div className="stack">
            <p className="sm muted">{text.setUp.endHint}</p>
            <Button small tone="danger" icon="x" reason={gate('cancel')} onClick={() => setCancelling(true)}>
              {text.setUp.cancelEvent}
            </Button>
          </div>
        </Section>
      </aside>
      {opening && config && (
        <ConfirmDialog
          title={text.setUp.openTitle}
          consequences={text.setUp.openText(format.dayTime(config.sales_start_ms, config.time_zone))}
          confirm={text.setUp.openConfirm}
          icon="right"
          tone="next"
          reason={gate('open')}
          run={async () => {
            await openRaffle(raffle.id)
            navigate({ name: 'sell', params: { raffleId: raffle.id } })
          }}
          onClose={() => setOpening(false)}
        />
      )}
      {cancelling && <CancelDialog raffle={raffle} onClose={() => setCancelling(false)} />}
    </div>
  )
}

/** The latest event that was set up gives a better start than any default. */
function CopyFrom({
  raffle,
  onCopy,
}: {
  raffle: RaffleAdmin
  onCopy: (config: NonNullable<RaffleAdmin['config']>, eventNumber: number) => void
}) {
  const text = useText()
  const list = useInfiniteQuery(rafflesQuery)
  const copy = useMutation({
    mutationFn: (id: string) => fetchRaffle(id),
    onSuccess: (source) => {
      if (source.config) onCopy(source.config, source.event_number)
    },
  })
  const source = list.data?.pages
    .flatMap((page) => page.items)
    .filter((each) => each.id !== raffle.id && each.status !== 'draft')
    .toSorted((a, b) => b.event_number - a.event_number)[0]
  if (!source) return null
  return (
    <div className="act">
      <Button icon="repeat" busy={copy.isPending} onClick={() => copy.mutate(source.id)}>
        {text.setUp.copy(eventNumber(source.event_number))}
      </Button>
      <ProblemNotice error={copy.error} />
    </div>
  )
}
