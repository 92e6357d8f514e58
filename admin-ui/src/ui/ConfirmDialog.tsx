/** A command that asks before it acts: says what will happen, takes a reason, a second person, or neither. */
import { useMutation } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { Approver } from '../api/types'
import { useText } from '../i18n'
import { useUser } from '../auth/SessionGate'
import { Button, type ButtonTone } from './Button'
import { Dialog } from './Dialog'
import { FieldError, TextArea, TextField } from './Field'
import type { IconName } from './Icon'
import { ProblemNotice } from './Problem'

const REASON_MIN = 5

export interface Answers {
  reason: string
  approver: Approver
}

export function ConfirmDialog({
  title,
  consequences,
  confirm,
  icon,
  tone = 'solid',
  needs = [],
  run,
  onClose,
  staysOpen = false,
  reason: blockedReason = null,
  fault = null,
  children,
}: {
  title: string
  consequences: ReactNode
  confirm: string
  icon?: IconName
  tone?: ButtonTone
  needs?: readonly ('reason' | 'approver')[]
  run: (answers: Answers) => Promise<unknown>
  onClose: () => void
  /** `run` itself says what comes next, for example a dialog with a code. */
  staysOpen?: boolean
  /** Why it cannot be confirmed at the moment, for example a lost connection. */
  reason?: string | null
  /** What is wrong in the fields given as children; shown when the confirm button is pressed. */
  fault?: string | null
  children?: ReactNode
}) {
  const text = useText()
  const user = useUser()
  const [reason, setReason] = useState('')
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const command = useMutation({
    mutationFn: run,
    onSuccess: () => {
      if (!staysOpen) onClose()
    },
  })
  const reasonFault =
    needs.includes('reason') && reason.trim().length < REASON_MIN ? text.common.reasonMissing : null
  const approverFault = !needs.includes('approver')
    ? null
    : login.trim().toLowerCase() === user.login.toLowerCase()
      ? text.approver.self
      : login.trim() === '' || password === ''
        ? text.approver.missing
        : null
  const submit = () => {
    setTried(true)
    if (reasonFault || approverFault || fault || blockedReason !== null || command.isPending) return
    command.mutate({ reason: reason.trim(), approver: { login: login.trim(), password } })
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={submit}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" tone={tone} icon={icon} busy={command.isPending} reason={blockedReason}>
            {confirm}
          </Button>
        </>
      }
    >
      {consequences !== null && <div className="measure">{consequences}</div>}
      {children}
      {tried && fault && <FieldError>{fault}</FieldError>}
      {needs.includes('reason') && (
        <TextArea
          label={text.common.reason}
          hint={text.common.reasonHint}
          value={reason}
          onText={setReason}
          maxLength={500}
          error={tried ? reasonFault : null}
          required
        />
      )}
      {needs.includes('approver') && (
        <fieldset className="field">
          <legend>{text.approver.legend}</legend>
          <p className="hint">{text.approver.hint}</p>
          <div className="two">
            <TextField
              label={text.approver.login}
              value={login}
              onText={setLogin}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              required
            />
            <TextField
              label={text.approver.password}
              type="password"
              value={password}
              onText={setPassword}
              autoComplete="off"
              required
            />
          </div>
          {tried && approverFault && <FieldError>{approverFault}</FieldError>}
        </fieldset>
      )}
      <ProblemNotice error={command.error} />
    </Dialog>
  )
}
