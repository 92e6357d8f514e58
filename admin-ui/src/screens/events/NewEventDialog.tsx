import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { createRaffle } from '../../api/commands'
import { IntentKeys } from '../../api/intent'
import type { RaffleKind } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { useText } from '../../i18n'
import { navigate } from '../../router'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Choices, TextField } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { ProblemNotice } from '../../ui/Problem'

const NAME_MAX = 60

export function NewEventDialog({ onClose }: { onClose: () => void }) {
  const text = useText()
  const down = useLinkReason()
  const [name, setName] = useState('')
  const [kind, setKind] = useState<RaffleKind>('live')
  const [tried, setTried] = useState(false)
  const [intent] = useState(() => new IntentKeys())
  const command = useMutation({
    mutationFn: (input: { name: string; kind: RaffleKind }) => createRaffle(input, intent.keyFor(input)),
    onSuccess: (raffle) => navigate({ name: 'setUp', params: { raffleId: raffle.id } }, { replace: true }),
  })
  const fault =
    name.trim() === ''
      ? text.newEvent.nameMissing
      : name.trim().length > NAME_MAX
        ? text.newEvent.nameLong
        : null
  const submit = () => {
    setTried(true)
    if (fault === null && down === null && !command.isPending) command.mutate({ name: name.trim(), kind })
  }
  return (
    <Dialog
      title={text.newEvent.title}
      onClose={onClose}
      onSubmit={submit}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" tone="next" icon="right" busy={command.isPending} reason={down}>
            {text.newEvent.submit}
          </Button>
        </>
      }
    >
      <TextField
        label={text.newEvent.name}
        hint={text.newEvent.nameHint}
        value={name}
        onText={setName}
        error={tried ? fault : null}
        required
      />
      <Choices<RaffleKind>
        legend={text.newEvent.kind}
        name="kind"
        value={kind}
        onChoose={setKind}
        choices={[
          { value: 'live', title: text.newEvent.live, hint: text.newEvent.liveHint },
          {
            value: 'test',
            title: (
              <>
                <Icon name="flask" /> {text.newEvent.test}
              </>
            ),
            hint: text.newEvent.testHint,
          },
        ]}
      />
      <p className="xs muted">{text.newEvent.numberHint}</p>
      <ProblemNotice error={command.error} />
    </Dialog>
  )
}
