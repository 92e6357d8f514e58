import { useState } from 'react'
import { closeRaffle } from '../../api/commands'
import type { RaffleAdmin } from '../../api/types'
import { useGate } from '../../auth/gate'
import { useText } from '../../i18n'
import { serverClock } from '../../live/clock'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Choices } from '../../ui/Field'

type When = '10' | '5' | '1' | 'now'

/** Minutes from now, on the server's clock; `null` is the server's own "at once". */
const minutes: Record<When, number | null> = { '10': 10, '5': 5, '1': 1, now: null }

export function CloseEarlyDialog({ raffle, onClose }: { raffle: RaffleAdmin; onClose: () => void }) {
  const text = useText()
  const gate = useGate(raffle)
  const [when, setWhen] = useState<When>('5')
  return (
    <ConfirmDialog
      title={text.closing.closeTitle}
      consequences={text.closing.closeText}
      confirm={text.closing.closeConfirm}
      icon="clock"
      needs={['reason']}
      reason={gate('close')}
      run={({ reason }) => {
        const wait = minutes[when]
        // On a whole second: that is how it is announced and shown.
        const nowMs = Math.ceil(serverClock.now() / 1000) * 1000
        const closesAtMs = wait === null ? null : nowMs + wait * 60_000
        return closeRaffle(raffle.id, { closes_at_ms: closesAtMs, reason })
      }}
      onClose={onClose}
    >
      <Choices<When>
        legend={text.closing.when}
        name="when"
        value={when}
        onChoose={setWhen}
        choices={[
          { value: '10', title: text.closing.inMinutes(10) },
          { value: '5', title: text.closing.inMinutes(5) },
          { value: '1', title: text.closing.inMinutes(1) },
          { value: 'now', title: text.closing.immediately },
        ]}
      />
    </ConfirmDialog>
  )
}
