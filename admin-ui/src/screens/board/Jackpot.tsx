import type { LiveRaffle } from '../../live/fold'
import { useFormat, useText } from '../../i18n'
import { isDown, useLink } from '../../live/LiveRaffle'
import { useServerNow } from '../../live/now'
import { Chip } from '../../ui/Chip'
import { BigMoney, useCountUp } from '../../ui/Money'
import { unsynced } from './deviceTile'

/** From here on "being saved" is worth a word. */
const SLOW_SAVE_MS = 5_000
const VOID_SHOWN_MS = 5 * 60_000

export function Jackpot({ live }: { live: LiveRaffle }) {
  const text = useText()
  const format = useFormat()
  const link = useLink()
  const now = useServerNow()
  const { raffle } = live
  const shown = useCountUp(raffle.jackpot_minor)
  const main = raffle.prizes.find((prize) => prize.id === raffle.main_prize_id)
  const share = main?.basis_points ?? null
  const asOf = raffle.jackpot.as_of_ms
  const down = isDown(link)
  const slow = raffle.decided_seq > raffle.durable_seq && raffle.durable_lag_ms > SLOW_SAVE_MS
  const voided = live.recent.find((fact) => fact.kind === 'voided')
  return (
    <section className="jack" aria-labelledby="jackpot-heading">
      <h2 id="jackpot-heading">
        {text.board.jackpot}{' '}
        {share !== null && (
          <span className="muted">
            {text.board.winnerTakes(share === 5000 ? text.board.half : format.percent(share / 10_000, 2))}
          </span>
        )}
      </h2>
      <div className="big" data-digits={String(Math.floor(raffle.jackpot_minor / 100)).length}>
        <BigMoney
          minor={shown}
          currency={raffle.currency}
          // While it counts, cents would only flicker.
          cents={shown === raffle.jackpot_minor ? 'auto' : 'never'}
          stale={down || slow}
        />
      </div>
      <p className="asof">
        {down ? (
          <Chip tone="offline" icon="noWifi">
            {text.live.lastConfirmed(format.duration(now - asOf))}
          </Chip>
        ) : slow ? (
          <Chip tone="warn" icon="clock">
            {text.board.saving(format.duration(raffle.durable_lag_ms))}
          </Chip>
        ) : (
          <Chip tone="online" icon="check">
            {text.board.confirmed}
          </Chip>
        )}
        <span>{text.board.asOf(format.time(asOf, raffle.time_zone, true))}</span>
        {slow && !down && <span>{text.live.staleHint}</span>}
        {voided?.kind === 'voided' && now - voided.at_ms < VOID_SHOWN_MS && (
          <Chip tone="warn" icon="down">
            {text.board.voided(
              format.money(voided.data.amount_minor, raffle.currency),
              format.time(voided.at_ms, raffle.time_zone),
            )}
          </Chip>
        )}
      </p>
    </section>
  )
}

/** What is known about money, in the three states it can be in. Only the first is in the jackpot. */
export function ThreeFigures({ live }: { live: LiveRaffle }) {
  const text = useText()
  const format = useFormat()
  const { raffle, board } = live
  const offline = unsynced(raffle.devices)
  const orders = board?.orders ?? raffle.channels.reduce((sum, channel) => sum + channel.orders, 0)
  const money = (minor: number) => format.money(minor, raffle.currency)
  return (
    <dl className="parts">
      <div>
        <dt>{text.board.confirmedSales}</dt>
        <dd className="num money">{money(raffle.net_minor)}</dd>
        <dd className="xs muted">{text.board.orders(orders)}</dd>
      </div>
      <div>
        <dt>{text.board.beingSaved}</dt>
        <dd className="num money">{money(board?.pending_minor ?? 0)}</dd>
        <dd className="xs muted">
          {text.board.pending(board?.pending_events ?? 0)}
          {raffle.held_orders > 0 && (
            <>
              <br />
              {text.board.heldOnline(raffle.held_orders, money(raffle.held_minor))}
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{text.board.offline}</dt>
        <dd className="num money">
          {offline.minor === 0
            ? money(0)
            : text.board.about(format.money(offline.minor, raffle.currency, 'never'))}
        </dd>
        <dd className="xs muted">{text.board.notInJackpot(offline.records)}</dd>
      </div>
    </dl>
  )
}
