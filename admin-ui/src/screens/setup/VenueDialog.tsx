import { useState } from 'react'
import { createVenue } from '../../api/commands'
import { IntentKeys } from '../../api/intent'
import type { Venue } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { isTimeZone } from '../../format/time'
import { useText } from '../../i18n'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { TextField } from '../../ui/Field'

export function VenueDialog({ onClose, onAdded }: { onClose: () => void; onAdded: (venue: Venue) => void }) {
  const text = useText()
  const down = useLinkReason()
  const [name, setName] = useState('')
  const [zone, setZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
  const [intent] = useState(() => new IntentKeys())
  const input = { name: name.trim(), time_zone: zone.trim() }
  const fault =
    input.name === ''
      ? text.setUp.faultText.label_missing
      : isTimeZone(input.time_zone)
        ? null
        : text.setUp.venueZoneHint
  return (
    <ConfirmDialog
      title={text.setUp.venueAdd}
      consequences={null}
      confirm={text.setUp.venueAdd}
      tone="next"
      fault={fault}
      reason={down}
      run={async () => onAdded(await createVenue(input, intent.keyFor(input)))}
      onClose={onClose}
    >
      <TextField label={text.setUp.venueName} value={name} onText={setName} required />
      <TextField
        label={text.setUp.venueZone}
        hint={text.setUp.venueZoneHint}
        value={zone}
        onText={setZone}
        spellCheck={false}
        required
      />
    </ConfirmDialog>
  )
}
