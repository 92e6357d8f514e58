import { useEffect, useRef } from 'react'
import type { RaffleAdmin } from '../../api/types'
import { useFormat, useText } from '../../i18n'
import { clockText, secondsUntil, serverClock, spokenMoment } from '../../live/clock'
import { useSecondsUntil, useServerNow } from '../../live/now'
import { announce } from '../../ui/announce'
import { Chip } from '../../ui/Chip'

const RAIL_MINUTES = 60

/** Deadline minus server time. Spoken at 10, 5 and 1 minutes and 10 seconds, not every second. */
export function CountdownFigure({ deadlineMs, className = '' }: { deadlineMs: number; className?: string }) {
  const text = useText()
  const seconds = useSecondsUntil(deadlineMs)
  const before = useRef(seconds)
  useEffect(() => {
    const moment = spokenMoment(before.current, seconds)
    before.current = seconds
    if (moment !== null)
      announce(
        text.board.timeLeft(
          moment >= 60 ? text.board.spoken.minutes(moment / 60) : text.board.spoken.seconds(moment),
        ),
      )
  }, [seconds, text])
  const last = seconds <= 60
  return (
    <div
      className={`fig cd ${last ? 'hot' : ''} ${seconds >= 3_600 ? 'hours' : ''} ${className}`}
      role="timer"
    >
      {!serverClock.sure && '≈ '}
      {clockText(seconds)}
    </div>
  )
}

export function CloseCountdown({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const now = useServerNow()
  const closesAt = raffle.closes_at_ms
  const startsAt = raffle.sales_start_ms
  const waiting = startsAt != null && now < startsAt
  const deadline = waiting ? startsAt : closesAt
  const selling = raffle.status === 'selling' || raffle.status === 'suspended'
  const minutes = deadline == null ? 0 : Math.ceil(secondsUntil(deadline, now) / 60)
  const active = raffle.devices.filter((device) => device.state !== 'final' && device.state !== 'lost')
  const informed = active.filter((device) => device.close_acknowledged).length
  return (
    <section className="count" aria-labelledby="close-heading">
      <h2 id="close-heading">
        {waiting ? text.board.opens : text.board.closes}{' '}
        {deadline != null && (
          <span className="muted">{text.board.at(format.time(deadline, raffle.time_zone, true))}</span>
        )}
      </h2>
      {deadline == null ? null : selling ? (
        <>
          <CountdownFigure deadlineMs={deadline} />
          <div
            className="rail"
            role="img"
            aria-label={text.board.left(Math.min(minutes, RAIL_MINUTES), RAIL_MINUTES)}
          >
            {Array.from({ length: RAIL_MINUTES }, (_, index) => (
              <i key={index} className={index < minutes ? 'on' : ''} />
            ))}
          </div>
          {!serverClock.sure && Number.isFinite(serverClock.errorMs) && (
            <p className="xs muted">{text.board.unsure(format.duration(serverClock.errorMs))}</p>
          )}
        </>
      ) : (
        <p className="over">
          <Chip tone="closed" icon="stop">
            {text.board.closed(format.time(deadline, raffle.time_zone, true))}
          </Chip>
        </p>
      )}
      {selling && active.length > 0 && (
        <p className="xs muted">{text.board.haveClosing(informed, active.length)}</p>
      )}
    </section>
  )
}
