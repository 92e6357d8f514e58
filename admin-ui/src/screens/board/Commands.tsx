import { useId, useState, type ReactNode } from 'react'
import { extendRaffle, resumeRaffle, suspendRaffle } from '../../api/commands'
import type { RaffleAdmin } from '../../api/types'
import { useGate, useLinkReason } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { zonedInput, zonedInstant } from '../../format/time'
import { useFormat, useText } from '../../i18n'
import { Button, ButtonLink, Why } from '../../ui/Button'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { TextField } from '../../ui/Field'
import { CloseEarlyDialog } from '../closing/CloseEarlyDialog'

type Asked = 'close' | 'suspend' | 'resume' | 'extend'

export function Commands({ raffle }: { raffle: RaffleAdmin }) {
  const text = useText()
  const format = useFormat()
  const gate = useGate(raffle)
  const down = useLinkReason()
  const may = useCan('run_sales')
  const [asked, setAsked] = useState<Asked | null>(null)
  const reasonsId = useId()
  const params = { raffleId: raffle.id }
  const suspended = raffle.status === 'suspended'
  const sellingText =
    raffle.closes_at_ms == null
      ? text.link.commandsOff
      : text.link.commandsOffSelling(format.time(raffle.closes_at_ms, raffle.time_zone))
  const close = () => setAsked(null)

  /** Reasons of their own stand below the grid, named; a lost connection is one reason for all. */
  const reasons: { id: string; label: string; reason: string }[] = []
  const button = (
    action: 'close' | 'suspend' | 'resume' | 'extend',
    label: string,
    icon: 'clock' | 'pause' | 'play' | 'plus',
  ) => {
    const reason = gate(action)
    const id = down === null ? `${reasonsId}${action}` : `${reasonsId}down`
    if (reason !== null && down === null) reasons.push({ id, label: text.action[action], reason })
    return (
      <Button icon={icon} reason={reason} reasonId={id} onClick={() => setAsked(action)}>
        {label}
      </Button>
    )
  }

  const buttons: ReactNode = may && (
    <>
      {button('close', text.board.closeEarly, 'clock')}
      {suspended
        ? button('resume', text.board.resume, 'play')
        : button('suspend', text.board.suspend, 'pause')}
      {button('extend', text.board.extend, 'plus')}
    </>
  )

  return (
    <section className="cmds" aria-label={text.board.actions}>
      {buttons}
      <ButtonLink to={{ name: 'tickets', params }} icon="ticket">
        {text.board.tickets}
      </ButtonLink>
      {may && down !== null && (
        <Why id={`${reasonsId}down`} icon="noWifi">
          {sellingText}
        </Why>
      )}
      {reasons.map(({ id, label, reason }) => (
        <Why id={id} key={id}>
          <b>{label}:</b> {reason}
        </Why>
      ))}
      {asked === 'close' && <CloseEarlyDialog raffle={raffle} onClose={close} />}
      {asked === 'suspend' && (
        <ConfirmDialog
          title={text.board.suspendTitle}
          consequences={text.board.suspendText}
          confirm={text.board.suspendConfirm}
          icon="pause"
          needs={['reason']}
          reason={gate('suspend')}
          run={({ reason }) => suspendRaffle(raffle.id, reason)}
          onClose={close}
        />
      )}
      {asked === 'resume' && (
        <ConfirmDialog
          title={text.board.resumeTitle}
          consequences={text.board.resumeText(
            raffle.closes_at_ms == null ? '' : format.time(raffle.closes_at_ms, raffle.time_zone),
          )}
          confirm={text.board.resume}
          icon="play"
          tone="next"
          reason={gate('resume')}
          run={() => resumeRaffle(raffle.id)}
          onClose={close}
        />
      )}
      {asked === 'extend' && <ExtendDialog raffle={raffle} reason={gate('extend')} onClose={close} />}
    </section>
  )
}

function ExtendDialog({
  raffle,
  reason,
  onClose,
}: {
  raffle: RaffleAdmin
  reason: string | null
  onClose: () => void
}) {
  const text = useText()
  const present = raffle.closes_at_ms ?? 0
  const [first] = useState(() => zonedInput(present + 15 * 60_000, raffle.time_zone))
  const [date, setDate] = useState(first.date)
  const [time, setTime] = useState(first.time)
  const wanted = zonedInstant(date, time, raffle.time_zone)
  const fault = wanted === null || wanted <= present ? text.board.extendEarlier : null
  return (
    <ConfirmDialog
      title={text.board.extendTitle}
      consequences={text.board.extendText}
      confirm={text.board.extendConfirm}
      icon="plus"
      needs={['reason']}
      reason={reason}
      fault={fault}
      run={({ reason: why }) => extendRaffle(raffle.id, { closes_at_ms: wanted ?? present, reason: why })}
      onClose={onClose}
    >
      <div className="two">
        <TextField label={text.setUp.closeDate} type="date" value={date} onText={setDate} required />
        <TextField label={text.board.extendTo} inputMode="numeric" value={time} onText={setTime} required />
      </div>
    </ConfirmDialog>
  )
}
