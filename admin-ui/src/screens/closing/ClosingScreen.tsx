import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { reconcileRaffle } from '../../api/commands'
import type { BoardDevice, RaffleAdmin } from '../../api/types'
import { useGate, useLinkReason } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { useFormat, useText } from '../../i18n'
import { clockText, secondsUntil } from '../../live/clock'
import type { LiveRaffle } from '../../live/fold'
import { isDown, useLink } from '../../live/LiveRaffle'
import { useServerNow } from '../../live/now'
import { navigate } from '../../router'
import { Button } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { Icon, type IconName } from '../../ui/Icon'
import { Empty } from '../../ui/Loaded'
import { BigMoney } from '../../ui/Money'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Section } from '../../ui/Section'
import { CountdownFigure } from '../board/Countdown'
import { unsynced } from '../board/deviceTile'
import { byLabel } from '../devices/byLabel'
import { CloseEarlyDialog } from './CloseEarlyDialog'
import { closeGroup, railOrder, waitingFor, type CloseGroup } from './progress'
import { WriteOffDialog } from './WriteOffDialog'
import './closing.css'

export function ClosingScreen({ live }: { live: LiveRaffle }) {
  const { status } = live.raffle
  return status === 'selling' || status === 'suspended' ? (
    <BeforeClose raffle={live.raffle} />
  ) : (
    <AfterClose raffle={live.raffle} />
  )
}

function BeforeClose({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const gate = useGate(raffle)
  const may = useCan('run_sales')
  const [closing, setClosing] = useState(false)
  const devices = raffle.devices.toSorted(byLabel)
  const informed = devices.filter((device) => device.close_acknowledged)
  const missing = devices.filter(
    (device) => !device.close_acknowledged && (device.state === 'joined' || device.state === 'selling'),
  )
  return (
    <div className="page cl">
      <section className="hero">
        <PageTitle title={text.closing.announcedTitle} />
        <p className="muted measure">
          {raffle.status === 'suspended' ? text.closing.suspendedHint : text.closing.intro}
        </p>
        {raffle.closes_at_ms != null && (
          <div className="lead">
            <p className="sm">
              {text.closing.countdown(format.time(raffle.closes_at_ms, raffle.time_zone, true))}
            </p>
            <CountdownFigure deadlineMs={raffle.closes_at_ms} />
          </div>
        )}
        {may && (
          <Button icon="clock" reason={gate('close')} onClick={() => setClosing(true)}>
            {text.closing.closeEarly}
          </Button>
        )}
      </section>
      <Section
        title={text.closing.stateOnBoard}
        count={`${informed.length}/${informed.length + missing.length}`}
        className="gate"
      >
        {raffle.devices.length === 0 ? (
          <Empty icon="wifi" title={text.board.noHandhelds}>
            {text.board.noHandheldsHint}
          </Empty>
        ) : (
          <ul className="has">
            {[...missing, ...informed].map((device) => (
              <li key={device.device_id}>
                <b>{device.label}</b>
                <span className="muted">{device.seller_name ?? ''}</span>
                {device.close_acknowledged ? (
                  <Chip tone="online" icon="check">
                    {text.closing.received}
                  </Chip>
                ) : (
                  <Chip tone="offline" icon="noWifi">
                    {text.closing.notReceived}
                  </Chip>
                )}
              </li>
            ))}
          </ul>
        )}
      </Section>
      {closing && <CloseEarlyDialog raffle={raffle} onClose={() => setClosing(false)} />}
    </div>
  )
}

const keyClass: Record<CloseGroup, string> = { final: 'on', uploading: 'mid', silent: '', lost: 'out' }

function AfterClose({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const now = useServerNow()
  const down = isDown(useLink())
  const [writingOff, setWritingOff] = useState<BoardDevice | null>(null)
  const closedAt = raffle.closes_at_ms ?? raffle.jackpot.as_of_ms
  const groups = railOrder(raffle.devices)
  const n = (group: CloseGroup) => groups.filter((candidate) => candidate === group).length
  const waiting = waitingFor(raffle.devices)
  const final = raffle.devices
    .filter((device) => closeGroup(device) === 'final' || closeGroup(device) === 'lost')
    .toSorted(byLabel)
  const toCome = unsynced(waiting)
  return (
    <div className="page cl">
      <section className="hero">
        <PageTitle title={text.closing.closedTitle}>
          {text.closing.closedTitle}{' '}
          <Chip tone="closed" icon="stop">
            {text.board.closed(format.time(closedAt, raffle.time_zone, true))}
          </Chip>
        </PageTitle>
        <p className="muted">{text.closing.closedIntro}</p>
        <dl className="trio">
          {raffle.status === 'closing' && (
            <div>
              <dt>{text.closing.since}</dt>
              <dd className="fig t">{clockText(secondsUntil(now, closedAt))}</dd>
            </div>
          )}
          <div>
            <dt>{text.closing.final}</dt>
            <dd className="fig t">
              {n('final')} <span className="of">{text.closing.of(format.number(raffle.devices.length))}</span>
            </dd>
          </div>
          <div>
            <dt>{text.closing.toCome}</dt>
            <dd className="fig t">{format.number(toCome.records)}</dd>
          </div>
          <div>
            <dt>{text.closing.jackpot}</dt>
            <dd className="t">
              <BigMoney minor={raffle.jackpot_minor} currency={raffle.currency} stale={down} />
            </dd>
          </div>
        </dl>
        {groups.length > 0 && (
          <>
            <div
              className="rail big-rail"
              role="img"
              aria-label={text.closing.railText(n('final'), n('uploading'), n('silent'))}
            >
              {groups.map((group, index) => (
                <i key={index} className={keyClass[group]} />
              ))}
            </div>
            <p className="key xs">
              {(
                [
                  ['final', text.closing.keyFinal],
                  ['uploading', text.closing.keyUploading],
                  ['silent', text.closing.keySilent],
                  ['lost', text.closing.keyLost],
                ] as const
              ).map(
                ([group, label]) =>
                  n(group) > 0 && (
                    <span key={group}>
                      <i className={`k ${keyClass[group]}`} />
                      {label(n(group))}
                    </span>
                  ),
              )}
            </p>
          </>
        )}
      </section>
      <Gate raffle={raffle} waiting={waiting} closedAtMs={closedAt} />
      <Section
        title={text.closing.waiting}
        count={waiting.length}
        className="strag"
        aside={waiting.length > 0 && <span className="xs">{text.closing.waitingHint}</span>}
      >
        {waiting.length === 0 ? (
          <p className="sm muted">{text.closing.waitingNone}</p>
        ) : (
          <ol>
            {waiting.map((device) => (
              <Straggler
                key={device.device_id}
                device={device}
                raffle={raffle}
                onWriteOff={() => setWritingOff(device)}
              />
            ))}
          </ol>
        )}
      </Section>
      <Section
        title={text.closing.finalList}
        count={final.length}
        className="fin"
        aside={final.length > 0 && <span className="xs">{text.closing.finalHint}</span>}
      >
        {final.length === 0 ? (
          <p className="sm muted">{text.closing.finalNone}</p>
        ) : (
          <ol>
            {final.map((device) => (
              <li key={device.device_id}>
                <b>{device.label}</b>
                <span className="num muted">{text.closing.sales(device.sales)}</span>
                {device.state === 'lost' ? (
                  <Chip tone="closed" icon="flag">
                    {text.closing.lost}
                  </Chip>
                ) : (
                  <Icon name="check" label={text.status.device.final} />
                )}
              </li>
            ))}
          </ol>
        )}
      </Section>
      {writingOff && (
        <WriteOffDialog device={writingOff} raffle={raffle} onClose={() => setWritingOff(null)} />
      )}
    </div>
  )
}

type GateState = 'done' | 'now' | 'wait'

const gateIcon: Record<GateState, IconName> = { done: 'check', now: 'sync', wait: 'ring' }

function Gate({
  raffle,
  waiting,
  closedAtMs,
}: {
  raffle: RaffleAdmin
  waiting: readonly BoardDevice[]
  closedAtMs: number
}) {
  const text = useText()
  const format = useFormat()
  const gate = useGate(raffle)
  const may = useCan('reconcile')
  const toCome = unsynced(waiting).records
  const command = useMutation({
    mutationFn: () => reconcileRaffle(raffle.id),
    onSuccess: () => navigate({ name: 'reconcile', params: { raffleId: raffle.id } }),
  })
  const past = raffle.status !== 'closing'
  const steps: { state: GateState; what: string; detail: string }[] = [
    {
      state: 'done',
      what: text.closing.gateStopped,
      detail: text.closing.gateStoppedAt(format.time(closedAtMs, raffle.time_zone, true)),
    },
    {
      state: raffle.held_orders === 0 ? 'done' : 'now',
      what: text.closing.gatePaid,
      detail:
        raffle.held_orders === 0
          ? text.closing.gatePaidDone
          : text.closing.gatePaidOpen(format.number(raffle.held_orders)),
    },
    {
      state: waiting.length === 0 ? 'done' : 'now',
      what: text.closing.gateDevices,
      detail:
        waiting.length === 0
          ? text.closing.gateDevicesDone
          : text.closing.gateDevicesOpen(waiting.length, waiting.map((device) => device.label).join(', ')),
    },
    {
      state: waiting.length === 0 && raffle.decided_seq === raffle.durable_seq ? 'done' : 'wait',
      what: text.closing.gateSaved,
      detail: toCome === 0 ? text.closing.gateSavedDone : text.closing.gateSavedOpen(toCome),
    },
  ]
  const word: Record<GateState, string> = { done: text.draw.done, now: text.draw.now, wait: text.draw.later }
  return (
    <Section title={text.closing.gate} className="gate">
      <ol>
        {steps.map(({ state, what, detail }) => (
          <li key={what} className={`g-${state}`}>
            <Icon name={gateIcon[state]} label={word[state]} />
            <div>
              <p className="b">{what}</p>
              <p className="xs muted">{detail}</p>
            </div>
          </li>
        ))}
      </ol>
      {past ? (
        <Button
          tone="next"
          wide
          icon="right"
          onClick={() => navigate({ name: 'reconcile', params: { raffleId: raffle.id } })}
        >
          {text.reconcile.title}
        </Button>
      ) : (
        may && (
          <Button
            tone="next"
            wide
            icon="right"
            reason={gate('reconcile')}
            busy={command.isPending}
            onClick={() => command.mutate()}
          >
            {text.closing.start}
          </Button>
        )
      )}
      <ProblemNotice error={command.error} />
      {waiting.length > 0 && <p className="xs muted tip">{text.closing.writeOffHint}</p>}
    </Section>
  )
}

function Straggler({
  device,
  raffle,
  onWriteOff,
}: {
  device: BoardDevice
  raffle: RaffleAdmin
  onWriteOff: () => void
}) {
  const text = useText()
  const format = useFormat()
  const now = useServerNow()
  const may = useCan('reconcile')
  const down = useLinkReason()
  const seen = device.last_heartbeat_ms
  return (
    <li className="sg">
      <span className="fig n">{device.label}</span>
      <div>
        {device.seller_name != null && <p className="b">{device.seller_name}</p>}
        <p className="xs muted">
          {seen == null
            ? text.closing.neverSeen
            : text.closing.lastSeen(format.time(seen, raffle.time_zone, true))}{' '}
          {device.close_acknowledged ? text.closing.hasClose : text.closing.noClose}
        </p>
      </div>
      <div className="st">
        {device.online ? (
          <Chip tone="warn" icon="sync">
            {text.closing.uploading}
          </Chip>
        ) : (
          <Chip tone="offline" icon="noWifi">
            {seen == null ? text.closing.silent : text.closing.offline(format.duration(now - seen))}
          </Chip>
        )}
      </div>
      <p className="b num">
        {device.unsynced_records > 0
          ? text.closing.comes(format.number(device.unsynced_records))
          : text.closing.noneKnown}
      </p>
      {may && (
        <div className="ac">
          <Button
            small
            icon="flag"
            reason={down}
            onClick={onWriteOff}
            aria-label={text.closing.writeOffLabel(device.label)}
          >
            {text.closing.writeOff}
          </Button>
        </div>
      )}
    </li>
  )
}
