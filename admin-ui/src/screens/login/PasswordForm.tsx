import { useMutation } from '@tanstack/react-query'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import { changePassword } from '../../api/commands'
import { useUser } from '../../auth/SessionGate'
import { useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { TextField } from '../../ui/Field'
import { ProblemNotice } from '../../ui/Problem'
import { judgePassword, type PasswordFault } from './passwordRules'

export function PasswordForm({
  forced,
  onDone,
  beside,
}: {
  forced: boolean
  onDone: () => void
  /** A second button. */
  beside?: ReactNode
}) {
  const text = useText()
  const user = useUser()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [repeat, setRepeat] = useState('')
  const [tried, setTried] = useState(false)
  const command = useMutation({
    mutationFn: () => changePassword(user.login, current, next),
    onSuccess: onDone,
  })
  const faults = judgePassword(current, next, repeat)
  const faultText = (field: PasswordFault['field']): string | null => {
    const fault = tried ? faults.find((candidate) => candidate.field === field) : undefined
    switch (fault?.why) {
      case undefined:
        return null
      case 'missing':
        return text.password.currentMissing
      case 'short':
        return text.password.tooShort(fault.missing)
      case 'same':
        return text.password.same
      case 'differs':
        return text.password.differs
    }
  }
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    setTried(true)
    if (faults.length === 0 && !command.isPending) command.mutate()
  }
  return (
    <form className="form" onSubmit={submit} noValidate>
      {/* So that password managers know whose password this is. */}
      <input
        className="vh"
        type="text"
        name="username"
        autoComplete="username"
        value={user.login}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <TextField
        label={forced ? text.password.currentForced : text.password.current}
        type="password"
        value={current}
        onText={setCurrent}
        autoComplete="current-password"
        error={faultText('current')}
        autoFocus
        required
      />
      <TextField
        label={text.password.next}
        hint={text.password.nextHint}
        type="password"
        value={next}
        onText={setNext}
        autoComplete="new-password"
        error={faultText('next')}
        required
      />
      <TextField
        label={text.password.repeat}
        type="password"
        value={repeat}
        onText={setRepeat}
        autoComplete="new-password"
        error={faultText('repeat')}
        required
      />
      <ProblemNotice error={command.error} />
      <div className="row wrap">
        <Button type="submit" tone="next" icon="check" busy={command.isPending}>
          {text.password.submit}
        </Button>
        {beside}
      </div>
    </form>
  )
}
