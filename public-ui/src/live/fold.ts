import type { DrawSummary, RaffleView } from '../api/client'
import type { FactData, FactKind, FactPush, StatePush } from './push'

/** The jackpot as it may be shown: the newest confirmed value that does not go backwards unexplained. */
export interface Shown {
  minor: number
  epoch: number
  seq: number
  as_of_ms: number
  /** Total of voids that this value already accounts for. */
  voided_minor: number
}

/** Label of the last fall of the jackpot. */
export interface VoidNotice {
  minor: number
  at_ms: number
}

export interface LiveView {
  raffle: RaffleView
  shown: Shown
  notice: VoidNotice | null
  /** A lower value that nothing explains yet. It waits for its void. */
  held: Shown | null
  /** What may explain the next fall: a void, or the final prizes announced at the reconciliation. */
  reason: { kind: 'void' | 'final'; at_ms: number } | null
}

export function startView(raffle: RaffleView): LiveView {
  return { raffle, shown: confirmed(raffle), notice: null, held: null, reason: null }
}

function confirmed(raffle: RaffleView): Shown {
  const { value_minor, seq, as_of_ms } = raffle.jackpot
  return { minor: value_minor, epoch: raffle.epoch, seq, as_of_ms, voided_minor: raffle.voided_minor }
}

function isNewer(a: { epoch: number; seq: number }, b: { epoch: number; seq: number }): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.seq > b.seq)
}

/** Takes a whole view fetched again. One that is older than what the socket already told is left out. */
export function foldView(view: LiveView, raffle: RaffleView): LiveView {
  if (raffle.facts_position < view.raffle.facts_position || raffle.epoch < view.raffle.epoch) return view
  const known = newest(view)
  const next = confirmed(raffle)
  if (isNewer(known, next)) {
    const { status, closes_at_ms, online_sales, numbers_sold, tickets_sold, voided_minor, jackpot } =
      view.raffle
    const state = { status, closes_at_ms, online_sales, numbers_sold, tickets_sold, voided_minor, jackpot }
    return { ...view, raffle: { ...raffle, ...state } }
  }
  return show({ ...view, raffle }, next)
}

function newest(view: LiveView): Shown {
  return view.held ?? view.shown
}

/** Folds one state push: newest by (epoch, seq) wins, everything else is history. */
export function foldState(view: LiveView, push: StatePush): LiveView {
  if (!isNewer(push, newest(view))) return view
  const values = new Map(push.prizes)
  const raffle: RaffleView = {
    ...view.raffle,
    epoch: push.epoch,
    as_of_seq: push.seq,
    status: push.status,
    jackpot_minor: push.jackpot_minor,
    jackpot: { value_minor: push.jackpot_minor, seq: push.seq, as_of_ms: push.as_of_ms },
    prizes: view.raffle.prizes.map((prize) => ({
      ...prize,
      value_minor: values.get(prize.id) ?? prize.value_minor,
    })),
    numbers_sold: push.numbers_sold,
    tickets_sold: push.tickets_sold,
    voided_minor: push.voided_minor,
    closes_at_ms: push.closes_at_ms ?? view.raffle.closes_at_ms,
    online_sales: push.online_sales,
  }
  return show({ ...view, raffle }, confirmed(raffle))
}

/** The jackpot never goes backwards except where a void, or the final count, says why. */
function show(view: LiveView, next: Shown): LiveView {
  const fall = view.shown.minor - next.minor
  if (fall <= 0) {
    const reason = next.voided_minor > view.shown.voided_minor ? null : view.reason
    return { ...view, shown: next, held: null, reason }
  }
  if (view.reason?.kind === 'final') return { ...view, shown: next, held: null, reason: null }
  const counted = next.voided_minor > view.shown.voided_minor
  if (view.reason === null && !counted) return { ...view, held: next }
  const notice = { minor: fall, at_ms: view.reason?.at_ms ?? next.as_of_ms }
  return { ...view, shown: next, held: null, reason: null, notice }
}

/** Folds one fact. A gap or a new writer means: fetch the whole view again, never guess. */
export function foldFact(view: LiveView, fact: FactPush): LiveView | 'refetch' {
  if (fact.position <= view.raffle.facts_position) return view
  if (fact.position > view.raffle.facts_position + 1) return 'refetch'
  if (fact.epoch > view.raffle.epoch) return 'refetch'
  const moved = { ...view, raffle: { ...view.raffle, facts_position: fact.position } }
  // A kind this page does not know yet moves the position and changes nothing.
  const fold = (FOLDS as Partial<Record<string, Fold>>)[fact.kind]
  return fold ? fold(moved, fact.data as never, fact.at_ms) : moved
}

type Fold = (view: LiveView, data: never, at_ms: number) => LiveView
type Folds = { [K in FactKind]: (view: LiveView, data: FactData[K], at_ms: number) => LiveView }

const FOLDS: Folds = {
  opened: (view, data) => patch(view, { status: 'selling', closes_at_ms: data.closes_at_ms }),
  // The whole view, fetched again, brings the new draw.
  draw_planned: (view) => view,
  suspended: (view, data) => patch(view, { status: 'suspended', suspended_reason: data.reason }),
  resumed: (view, data) =>
    patch(view, { status: 'selling', suspended_reason: null, closes_at_ms: data.closes_at_ms }),
  close_announced: (view, data) => patch(view, { closes_at_ms: data.closes_at_ms }),
  closed: (view) => patch(view, { status: 'closing' }),
  reconciling: (view) => patch(view, { status: 'reconciling' }),
  reconciled: (view, data, at_ms) => {
    const values = new Map(data.prizes)
    const prizes = view.raffle.prizes.map((p) => ({ ...p, value_minor: values.get(p.id) ?? p.value_minor }))
    return release({ ...patch(view, { status: 'reconciled', prizes }), reason: { kind: 'final', at_ms } })
  },
  reconciliation_cleared: (view) => patch(view, { status: 'reconciling' }),
  voided: (view, _data, at_ms) => release({ ...view, reason: { kind: 'void', at_ms } }),
  locked: (view, data, at_ms) =>
    patchDraw(view, data.draw_id, {
      status: 'locked',
      lock_hash: data.lock_hash,
      sold_count: data.sold_count,
      locked_at_ms: at_ms,
    }),
  proven: (view, data) => patchDraw(view, data.draw_id, { status: 'proven' }),
  drawn: (view, data) => patchDraw(view, data.draw_id, { status: 'drawn' }),
  published: (view, data, at_ms) =>
    patchDraw(view, data.draw_id, { status: 'published', winners: data.winners, published_at_ms: at_ms }),
  settled: (view, data) => patchDraw(view, data.draw_id, { status: 'settled' }),
  draw_cancelled: (view, data) => patchDraw(view, data.draw_id, { status: 'cancelled' }),
  cancelled: (view, data) => patch(view, { status: 'cancelled', cancelled_reason: data.reason }),
  finalized: (view) => patch(view, { status: 'finalized' }),
}

function patch(view: LiveView, change: Partial<RaffleView>): LiveView {
  return { ...view, raffle: { ...view.raffle, ...change } }
}

function patchDraw(view: LiveView, id: string, change: Partial<DrawSummary>): LiveView {
  return patch(view, {
    draws: view.raffle.draws.map((draw) => (draw.id === id ? { ...draw, ...change } : draw)),
  })
}

/** A held-back value is shown as soon as its reason is known. */
function release(view: LiveView): LiveView {
  return view.held === null ? view : show(view, view.held)
}
