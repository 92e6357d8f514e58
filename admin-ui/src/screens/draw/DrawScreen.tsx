import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { cancelDraw, executeDraw, lockDraw } from '../../api/commands'
import { drawQuery, drawResultsQuery } from '../../api/queries'
import type { DrawStatus, DrawSummary, RaffleAdmin } from '../../api/types'
import { useGate, useLinkReason } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { useFormat, useText } from '../../i18n'
import { drawLook } from '../../status/looks'
import { Button, ButtonLink } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Hash } from '../../ui/Hash'
import { Icon } from '../../ui/Icon'
import { Empty, Loaded } from '../../ui/Loaded'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Section } from '../../ui/Section'
import { DrawChoice } from './DrawChoice'
import { drawProgress, drawTask, hasResult, type StepProgress } from './drawProgress'
import { PrizeList } from './PrizeList'
import { Seal } from './Seal'
import { useDraw } from './useDraw'
import './draw.css'

export function DrawScreen({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const draw = useDraw(raffle)
  if (!draw)
    return (
      <div className="page">
        <PageTitle title={text.draw.title} />
        <Empty icon="seal" title={text.draw.none}>
          {text.draw.noneHint}
        </Empty>
      </div>
    )
  return <Console raffle={raffle} summary={draw} />
}

function Console({ raffle, summary }: { raffle: RaffleAdmin; summary: DrawSummary }) {
  const text = useText()
  const query = useQuery(drawQuery(summary.id))
  return (
    <div className="page dr">
      <div className="steps">
        <PageTitle title={text.draw.title} />
        <DrawChoice raffle={raffle} draw={summary} page="draw" />
        {query.data && <Steps draw={query.data} timeZone={raffle.time_zone} />}
      </div>
      <Loaded query={query}>
        {(draw) => (
          <>
            <div className="work">
              <Task raffle={raffle} draw={draw} />
              <PrizeList raffle={raffle} draw={draw} />
              <Seal draw={draw} timeZone={raffle.time_zone} />
            </div>
            <aside className="right">
              <Facts draw={draw} />
              <Cancel draw={draw} />
            </aside>
          </>
        )}
      </Loaded>
    </div>
  )
}

function Steps({ draw, timeZone }: { draw: DrawStatus; timeZone: string }) {
  const text = useText()
  const format = useFormat()
  const icon: Record<StepProgress['state'], 'check' | 'dot' | 'lock'> = {
    done: 'check',
    now: 'dot',
    later: 'lock',
  }
  return (
    <ol aria-label={text.draw.steps}>
      {drawProgress(draw).map(({ step, state, atMs }) => (
        <li key={step} className={`s-${state}`} aria-current={state === 'now' ? 'step' : undefined}>
          <span className="dotb">
            <Icon name={icon[state]} label={text.draw[state]} />
          </span>
          <div>
            <p className="b">{text.status.step[step]}</p>
            {atMs !== null && <p className="xs muted num">{format.dayTime(atMs, timeZone)}</p>}
            <p className="xs muted">{text.draw.stepHint[step]}</p>
          </div>
        </li>
      ))}
    </ol>
  )
}

/** One task at a time, and the one next action. */
function Task({ raffle, draw }: { raffle: RaffleAdmin; draw: DrawStatus }) {
  const text = useText()
  const gate = useGate(raffle)
  const down = useLinkReason()
  const may = useCan('draw')
  const [sealing, setSealing] = useState(false)
  const execute = useMutation({ mutationFn: () => executeDraw(draw.id) })
  const params = { raffleId: raffle.id }
  const query = { draw: String(draw.draw_no) }
  const head = (title: string, body: string) => (
    <header className="wh">
      <h2>{title}</h2>
      <p className="muted">{body}</p>
    </header>
  )
  switch (drawTask[draw.status]) {
    case 'seal':
      return (
        <>
          {head(text.draw.sealTitle, text.draw.sealText)}
          {may && (
            <div className="go">
              <Button
                tone="next"
                icon="seal"
                className="tall"
                reason={gate('draw')}
                onClick={() => setSealing(true)}
              >
                {text.draw.seal}
              </Button>
            </div>
          )}
          {sealing && (
            <ConfirmDialog
              title={text.draw.sealAsk}
              consequences={text.draw.sealAskText(raffle.identity.sold)}
              confirm={text.draw.sealConfirm}
              icon="seal"
              tone="next"
              reason={gate('draw')}
              run={() => lockDraw(raffle.id, draw.draw_no)}
              onClose={() => setSealing(false)}
            />
          )}
        </>
      )
    case 'execute':
      return (
        <>
          {head(text.draw.executeTitle, text.draw.executeText)}
          {may && (
            <div className="go">
              <Button
                tone="next"
                icon="broadcast"
                className="tall"
                reason={down}
                busy={execute.isPending}
                onClick={() => execute.mutate()}
              >
                {text.draw.execute}
              </Button>
            </div>
          )}
          <ProblemNotice error={execute.error} />
        </>
      )
    case 'publish':
      return (
        <>
          {head(text.draw.resultTitle, text.draw.resultText)}
          <div className="go">
            <ButtonLink to={{ name: 'publish', params, query }} tone="next" icon="right">
              {text.draw.toPublish}
            </ButtonLink>
          </div>
        </>
      )
    case 'published':
      return (
        <>
          {head(text.draw.resultTitle, text.draw.publishedText)}
          <div className="go">
            <ButtonLink to={{ name: 'publish', params, query }} icon="right">
              {text.draw.seeResult}
            </ButtonLink>
          </div>
        </>
      )
    case 'blocked':
      return (
        <Notice tone="danger" live>
          <p>
            <b>{text.draw.blocked}.</b> {draw.blocked_reason}
          </p>
        </Notice>
      )
    case 'cancelled':
      return <Notice tone="warn">{text.draw.cancelledText}</Notice>
  }
}

function Facts({ draw }: { draw: DrawStatus }) {
  const text = useText()
  const results = useQuery({ ...drawResultsQuery(draw.id), enabled: hasResult(draw.status) })
  const hashes: [label: string, hash: string | undefined][] = [
    [`${text.draw.plan} · ${text.draw.planHint}`, draw.plan_hash],
    [text.draw.seed, results.data?.seed],
    [text.draw.resultHash, results.data?.result_hash],
  ]
  return (
    <Section
      title={text.draw.drawNo(draw.draw_no)}
      aside={<Chip {...drawLook[draw.status]}>{text.status.draw[draw.status]}</Chip>}
    >
      <dl className="hashes">
        {hashes.map(
          ([label, hash]) =>
            hash !== undefined && (
              <div key={label}>
                <dt>{label}</dt>
                <dd>
                  <Hash value={hash} />
                </dd>
              </div>
            ),
        )}
      </dl>
    </Section>
  )
}

function Cancel({ draw }: { draw: DrawStatus }) {
  const text = useText()
  const down = useLinkReason()
  const may = useCan('draw')
  const [asking, setAsking] = useState(false)
  const task = drawTask[draw.status]
  if (!may || task === 'cancelled' || task === 'publish' || task === 'published') return null
  return (
    <div>
      <Button
        small
        tone="danger"
        icon="x"
        reason={down ?? (task === 'seal' ? null : text.draw.cancelGone)}
        onClick={() => setAsking(true)}
      >
        {text.draw.cancel}
      </Button>
      {asking && (
        <ConfirmDialog
          title={text.draw.cancelTitle}
          consequences={text.draw.cancelText}
          confirm={text.draw.cancelConfirm}
          tone="danger-strong"
          needs={['reason']}
          reason={down}
          run={({ reason }) => cancelDraw(draw.id, reason)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  )
}
