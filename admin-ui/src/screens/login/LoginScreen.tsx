import { useMutation } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { signIn } from '../../api/commands'
import { NoAnswerError } from '../../api/problem'
import { useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { FieldError, TextField } from '../../ui/Field'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { useProblemText } from '../../ui/Problem'
import { EntryFrame } from './EntryFrame'

export function LoginScreen({ expired }: { expired: boolean }) {
  const text = useText()
  const problemText = useProblemText()
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [empty, setEmpty] = useState(false)
  const command = useMutation({ mutationFn: () => signIn(login.trim(), password) })
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const missing = login.trim() === '' || password === ''
    setEmpty(missing)
    if (!missing && !command.isPending) command.mutate()
  }
  return (
    <EntryFrame>
      <form className="panel" onSubmit={submit} noValidate>
        <PageTitle title={text.login.title} />
        {expired && !command.error && <Notice tone="warn">{text.login.expired}</Notice>}
        <TextField
          label={text.login.login}
          value={login}
          onText={setLogin}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
        />
        <TextField
          label={text.login.password}
          type="password"
          value={password}
          onText={setPassword}
          name="password"
          autoComplete="current-password"
          required
        />
        {empty && <FieldError>{text.login.empty}</FieldError>}
        {command.error && !empty && (
          <Notice tone={command.error instanceof NoAnswerError ? 'offline' : 'danger'} live>
            {problemText(command.error, 'read') || text.login.restoreFailed}
          </Notice>
        )}
        <Button type="submit" tone="next" wide icon="right" busy={command.isPending}>
          {text.login.submit}
        </Button>
        <p className="xs muted">{text.login.help}</p>
      </form>
    </EntryFrame>
  )
}
