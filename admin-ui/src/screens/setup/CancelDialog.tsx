import { cancelRaffle } from '../../api/commands'
import type { RaffleAdmin } from '../../api/types'
import { useGate } from '../../auth/gate'
import { useText } from '../../i18n'
import { ConfirmDialog } from '../../ui/ConfirmDialog'

export function CancelDialog({ raffle, onClose }: { raffle: RaffleAdmin; onClose: () => void }) {
  const text = useText()
  const gate = useGate(raffle)
  return (
    <ConfirmDialog
      title={text.setUp.cancelTitle}
      consequences={text.setUp.cancelText}
      confirm={text.setUp.cancelConfirm}
      tone="danger-strong"
      needs={['reason', 'approver']}
      reason={gate('cancel')}
      run={(answers) => cancelRaffle(raffle.id, answers)}
      onClose={onClose}
    />
  )
}
