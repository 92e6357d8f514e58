import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { finalizeRaffle, publishDraw, settleDraw } from '../../api/commands'
import { drawQuery, drawResultsQuery } from '../../api/queries'
import type { DrawResults, DrawStatus, DrawSummary, RaffleAdmin } from '../../api/types'
import { useGate } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { formatDrawNumber } from '../../format/number'
import { useFormat, useText } from '../../i18n'
import { Link } from '../../router'
import { Button, ButtonLink, buttonClass } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { TextField } from '../../ui/Field'
import { Hash } from '../../ui/Hash'
import { Icon } from '../../ui/Icon'
import { Empty, Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Section } from '../../ui/Section'
import { DrawChoice } from '../draw/DrawChoice'
import { drawTask, hasResult } from '../draw/drawProgress'
import { useDraw } from '../draw/useDraw'
import { soldBy } from '../tickets/soldBy'
import { comparesTo } from './comparison'
import './publish.css'

export function PublishScreen({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const draw = useDraw(raffle)
  if (!draw || !hasResult(draw.status))
    return (
      <div className="page">
        <PageTitle title={text.publish.title} />
        <Empty icon="broadcast" title={text.publish.noResult}>
          {text.publish.noResultHint}
        </Empty>
      </div>
    )
  return <Result raffle={raffle} summary={draw} />
}

function Result({ raffle, summary }: { raffle: RaffleAdmin; summary: DrawSummary }) {
  const text = useText()
  const format = useFormat()
  const query = useQuery(drawQuery(summary.id))
  const results = useQuery(drawResultsQuery(summary.id))
  const published = drawTask[summary.status] === 'published'
  return (
    <div className="page pb">
      <header className="hd full">
        <div>
          <PageTitle title={published ? text.publish.publishedTitle : text.publish.title} />
          <p className="muted">{published ? text.publish.live : text.publish.intro}</p>
        </div>
        <div className="row wrap">
          <DrawChoice raffle={raffle} draw={summary} page="publish" />
          {published && summary.published_at_ms != null && (
            <Chip tone="live" icon="broadcast">
              {text.publish.at(format.dayTime(summary.published_at_ms, raffle.time_zone))}
            </Chip>
          )}
        </div>
      </header>
      <div className="work">
        <Section title={text.publish.winners}>
          <Loaded query={results}>{(data) => <Winners results={data} raffle={raffle} />}</Loaded>
        </Section>
      </div>
      <aside className="right">
        <Loaded query={query}>
          {(draw) =>
            published ? <Records raffle={raffle} draw={draw} /> : <Publication raffle={raffle} draw={draw} />
          }
        </Loaded>
      </aside>
    </div>
  )
}

function Winners({ results, raffle }: { results: DrawResults; raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const last = raffle.config?.numbers.last
  return (
    <>
      <ol className="won">
        {results.winners.map((winner, index) => (
          <li key={`${winner.prize_id}/${winner.position}`}>
            <span className="xs muted">{text.draw.prize(index + 1)}</span>
            <p className="b">
              {winner.prize_name}{' '}
              <span className="num money">{format.money(winner.value_minor, raffle.currency, 'always')}</span>
            </p>
            <span className="fig">{formatDrawNumber(winner.number, last)}</span>
            {winner.ticket && (
              <p className="xs muted">
                <Link
                  className="hash"
                  to={{
                    name: 'tickets',
                    params: { raffleId: raffle.id },
                    query: { q: winner.ticket.validation_number },
                  }}
                >
                  {winner.ticket.validation_number}
                </Link>
                {' · '}
                {soldBy(winner.ticket, text)}
              </p>
            )}
          </li>
        ))}
      </ol>
      {results.reserves.length > 0 && (
        <p className="sm">
          <b>{text.draw.reserves}:</b>{' '}
          <span className="num">
            {results.reserves.map((reserve) => formatDrawNumber(reserve.number, last)).join(' · ')}
          </span>
          <br />
          <span className="muted">{text.draw.reservesHint}</span>
        </p>
      )}
    </>
  )
}

/** Publishing is an act of its own: whoever publishes has compared the seal with the big screen. */
function Publication({ raffle, draw }: { raffle: RaffleAdmin; draw: DrawStatus }) {
  const text = useText()
  const gate = useGate(raffle)
  const may = useCan('publish')
  const [typed, setTyped] = useState('')
  const seal = draw.lock_hash ?? ''
  const compared = comparesTo(typed, seal)
  const command = useMutation({ mutationFn: () => publishDraw(draw.id, seal) })
  return (
    <Section
      title={
        <>
          <Icon name="seal" /> {text.publish.compare}
        </>
      }
      className="seal"
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          if (compared === 'equal' && gate('publish') === null && !command.isPending) command.mutate()
        }}
      >
        <div className="lh">
          <Hash value={seal} className="big" />
        </div>
        {may && (
          <>
            <TextField
              label={text.publish.compareLabel}
              hint={text.publish.compareHint}
              value={typed}
              onText={setTyped}
              maxLength={5}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              className="input"
              error={compared === 'different' ? text.publish.compareWrong : null}
            />
            <Button
              type="submit"
              tone="next"
              wide
              icon="broadcast"
              reason={gate('publish') ?? (compared === 'equal' ? null : text.publish.compareFirst)}
              busy={command.isPending}
            >
              {text.publish.publish}
            </Button>
            <ProblemNotice error={command.error} />
          </>
        )}
      </form>
    </Section>
  )
}

function Records({ raffle, draw }: { raffle: RaffleAdmin; draw: DrawStatus }) {
  const text = useText()
  const gate = useGate(raffle)
  const may = useCan('publish')
  const [asked, setAsked] = useState<'settle' | 'finalize' | null>(null)
  const finished = raffle.status === 'finalized'
  return (
    <>
      <Section title={text.publish.records}>
        <div className="stack">
          <div className="act">
            <a
              className={buttonClass({})}
              href={`/api/v1/raffles/${raffle.id}/transcript?draw_no=${draw.draw_no}`}
              download={`drumroll-${raffle.event_number}-${draw.draw_no}.json`}
            >
              <Icon name="download" />
              {text.publish.transcript}
            </a>
            <p className="hint">{text.publish.transcriptHint}</p>
          </div>
          <ButtonLink to={{ name: 'report', params: { raffleId: raffle.id } }}>
            {text.publish.report}
          </ButtonLink>
        </div>
      </Section>
      {draw.lock_hash != null && (
        <Section title={text.draw.sealHeading} className="seal">
          <div className="lh">
            <Hash value={draw.lock_hash} className="big" />
          </div>
        </Section>
      )}
      <Section title={text.publish.after}>
        {finished ? (
          <Chip tone="online" icon="check">
            {text.publish.finalized}
          </Chip>
        ) : (
          <div className="stack">
            {draw.status === 'settled' ? (
              <Chip tone="online" icon="check">
                {text.publish.settled}
              </Chip>
            ) : (
              <>
                <p className="sm muted">{text.publish.settleText}</p>
                {may && (
                  <Button reason={gate('settle')} onClick={() => setAsked('settle')}>
                    {text.publish.settle}
                  </Button>
                )}
              </>
            )}
            {may && (
              <Button reason={gate('finalize')} onClick={() => setAsked('finalize')}>
                {text.publish.finalize}
              </Button>
            )}
          </div>
        )}
      </Section>
      {asked === 'settle' && (
        <ConfirmDialog
          title={text.publish.settleAsk}
          consequences={text.publish.settleAskText}
          confirm={text.publish.settleConfirm}
          needs={['reason']}
          reason={gate('settle')}
          run={({ reason }) => settleDraw(raffle.id, { draw_no: draw.draw_no, reason })}
          onClose={() => setAsked(null)}
        />
      )}
      {asked === 'finalize' && (
        <ConfirmDialog
          title={text.publish.finalizeAsk}
          consequences={text.publish.finalizeText}
          confirm={text.publish.finalizeConfirm}
          reason={gate('finalize')}
          run={() => finalizeRaffle(raffle.id)}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  )
}
