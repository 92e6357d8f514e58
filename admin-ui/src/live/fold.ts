/**
 * Pushes folded into the cached view of one raffle.
 *
 * State and board are conflated by the server: the newest by (epoch, seq) wins and gaps mean nothing. Facts
 * are dense: the next position is folded, an old one ignored, and a gap or another epoch means refetch.
 */
import type { DrawStatusName, RaffleAdmin } from '../api/types'
import type { BoardPush, FactKind, FactPush, StatePush } from './push'

/** Facts kept for the screen: what was voided, what was announced. */
const FACTS_KEPT = 20

export interface LiveRaffle {
  raffle: RaffleAdmin
  /** The last pushes, folded again onto a snapshot that was fetched earlier than they were made. */
  state: StatePush | null
  board: BoardPush | null
  facts: { epoch: number; position: number }
  /** Newest first. */
  recent: readonly FactPush[]
}

interface Position {
  epoch: number
  seq: number
}

function isNewer(a: Position, b: Position): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq)
}

/** A snapshot becomes the view; whatever was pushed after it was taken is folded on top. */
export function foldSnapshot(previous: LiveRaffle | undefined, raffle: RaffleAdmin): LiveRaffle {
  const position = { epoch: raffle.epoch, position: raffle.facts_position }
  if (!previous) return { raffle, state: null, board: null, facts: position, recent: [] }
  const seen = previous.facts
  const older =
    position.epoch < seen.epoch || (position.epoch === seen.epoch && position.position < seen.position)
  const view: LiveRaffle = { ...previous, raffle, facts: older ? seen : position, state: null, board: null }
  const withState = previous.state ? foldState(view, previous.state) : view
  return previous.board ? foldBoard(withState, previous.board) : withState
}

export function foldState(view: LiveRaffle, push: StatePush): LiveRaffle {
  const { raffle } = view
  const held = view.state ?? { epoch: raffle.epoch, seq: raffle.as_of_seq }
  if (!isNewer(push, held)) return view
  const values = new Map(push.prizes)
  return {
    ...view,
    state: push,
    raffle: {
      ...raffle,
      status: push.status,
      jackpot_minor: push.jackpot_minor,
      jackpot: { value_minor: push.jackpot_minor, seq: push.seq, as_of_ms: push.as_of_ms },
      prizes: raffle.prizes.map((prize) => ({
        ...prize,
        value_minor: values.get(prize.id) ?? prize.value_minor,
      })),
      numbers_sold: push.numbers_sold,
      tickets_sold: push.tickets_sold,
      voided_minor: push.voided_minor,
      closes_at_ms: push.closes_at_ms,
      online_sales: push.online_sales,
      as_of_seq: push.seq,
      epoch: push.epoch,
    },
  }
}

const totalOf = (identity: BoardPush['identity']): number =>
  identity.sold + identity.voided + identity.held + identity.reserved + identity.out_of_play + identity.unsold

export function foldBoard(view: LiveRaffle, push: BoardPush): LiveRaffle {
  const { raffle } = view
  const held = view.board ?? { epoch: raffle.epoch, seq: raffle.as_of_seq }
  // Equal positions are taken too: heartbeats and batteries change without a new event.
  if (isNewer(held, push)) return view
  return {
    ...view,
    board: push,
    raffle: {
      ...raffle,
      gross_minor: push.gross_minor,
      net_minor: push.net_minor,
      held_orders: push.held_orders,
      held_minor: push.held_minor,
      durable_seq: push.durable_seq,
      decided_seq: push.decided_seq,
      durable_lag_ms: push.durable_lag_ms,
      channels: push.channels,
      identity: { ...push.identity, total: totalOf(push.identity) },
      devices: push.devices,
    },
  }
}

/**
 * Whether something moved that the server's reasons, blockers and lists depend on. Decisions about misprints and
 * sales kept apart, and online orders that end, bring no fact: they show on the board alone.
 */
export function reasonsMoved(before: LiveRaffle, after: LiveRaffle): boolean {
  const open = (view: LiveRaffle) =>
    (view.board?.alerts ?? [])
      .filter(({ code }) => code === 'misprints_open' || code === 'quarantine_open')
      .map(({ code, detail }) => `${code}${detail}`)
      .sort()
      .join()
  const devices = (view: LiveRaffle) => view.raffle.devices.map((d) => `${d.device_id}${d.state}`).join()
  // Orders come and go all evening; a reason hangs on whether there are any, and on each one after the close.
  const held = ({ raffle }: LiveRaffle) =>
    raffle.status === 'selling' ? raffle.held_orders > 0 : raffle.held_orders
  const places = ({ raffle }: LiveRaffle) =>
    raffle.status === 'selling'
      ? ''
      : `${raffle.identity.voided}/${raffle.identity.held}/${raffle.identity.sold}`
  return (
    before.raffle.status !== after.raffle.status ||
    devices(before) !== devices(after) ||
    // The first board after a load tells nothing new.
    (before.board !== null && open(before) !== open(after)) ||
    held(before) !== held(after) ||
    places(before) !== places(after)
  )
}

type FactFolds = {
  [K in FactKind]: (raffle: RaffleAdmin, fact: Extract<FactPush, { kind: K }>) => Partial<RaffleAdmin>
}

const drawTo =
  (status: DrawStatusName) =>
  (raffle: RaffleAdmin, fact: { data: { draw_id: string } }): Partial<RaffleAdmin> => ({
    draws: raffle.draws.map((draw) => (draw.id === fact.data.draw_id ? { ...draw, status } : draw)),
  })

const nothing = () => ({})

/**
 * What a fact changes at once. Status, closing time and money come with the state stream, which may
 * already be ahead of a replayed fact, so facts leave those alone.
 */
const folds: FactFolds = {
  opened: nothing,
  draw_planned: nothing,
  suspended: (_, fact) => ({ suspended_reason: fact.data.reason }),
  resumed: () => ({ suspended_reason: null }),
  close_announced: nothing,
  closed: nothing,
  reconciling: nothing,
  reconciled: nothing,
  reconciliation_cleared: () => ({ acknowledgement: null }),
  voided: nothing,
  locked: (raffle, fact) => ({
    draws: raffle.draws.map((draw) =>
      draw.id === fact.data.draw_id
        ? { ...draw, status: 'locked', lock_hash: fact.data.lock_hash, sold_count: fact.data.sold_count }
        : draw,
    ),
  }),
  proven: drawTo('proven'),
  drawn: drawTo('drawn'),
  published: drawTo('published'),
  draw_cancelled: drawTo('cancelled'),
  settled: drawTo('settled'),
  cancelled: (_, fact) => ({ cancelled_reason: fact.data.reason }),
  finalized: nothing,
}

export function foldFact(view: LiveRaffle, push: FactPush): LiveRaffle | 'refetch' {
  if (push.epoch !== view.facts.epoch) return 'refetch'
  if (push.position <= view.facts.position) return view
  if (push.position > view.facts.position + 1) return 'refetch'
  // A kind from a newer server changes nothing by itself; the refetch that follows every fact brings it in.
  const known = Object.hasOwn(folds, push.kind)
  const fold = (known ? folds[push.kind] : nothing) as (
    raffle: RaffleAdmin,
    fact: FactPush,
  ) => Partial<RaffleAdmin>
  return {
    ...view,
    raffle: { ...view.raffle, ...fold(view.raffle, push) },
    facts: { epoch: push.epoch, position: push.position },
    recent: [push, ...view.recent].slice(0, FACTS_KEPT),
  }
}
