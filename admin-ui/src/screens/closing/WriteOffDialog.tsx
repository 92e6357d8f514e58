import { useState } from 'react'
import { writeOffDevice } from '../../api/commands'
import type { BoardDevice, RaffleAdmin } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { parseMoney } from '../../format/money'
import { useText } from '../../i18n'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { TextField } from '../../ui/Field'

/** The lost-device path: who had it, what money came in, why, and a second person. */
export function WriteOffDialog({
  device,
  raffle,
  onClose,
}: {
  device: BoardDevice
  raffle: RaffleAdmin
  onClose: () => void
}) {
  const text = useText()
  const down = useLinkReason()
  const [operator, setOperator] = useState(device.seller_name ?? '')
  const [money, setMoney] = useState('')
  const collected = parseMoney(money, raffle.currency)
  const fault =
    operator.trim() === ''
      ? text.closing.lostOperatorMissing
      : collected === null
        ? text.closing.lostMoneyInvalid
        : null
  return (
    <ConfirmDialog
      title={text.closing.lostTitle(device.label)}
      consequences={text.closing.lostText}
      confirm={text.closing.lostConfirm}
      icon="flag"
      tone="danger-strong"
      needs={['reason', 'approver']}
      reason={down}
      fault={fault}
      run={({ reason, approver }) =>
        writeOffDevice(raffle.id, device.device_id, {
          operator: operator.trim(),
          money_collected_minor: collected ?? 0,
          reason,
          approver,
        })
      }
      onClose={onClose}
    >
      <div className="two">
        <TextField label={text.closing.lostOperator} value={operator} onText={setOperator} required />
        <TextField
          label={text.closing.lostMoney}
          value={money}
          onText={setMoney}
          inputMode="decimal"
          placeholder="0"
          required
        />
      </div>
    </ConfirmDialog>
  )
}
