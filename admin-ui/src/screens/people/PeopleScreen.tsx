import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { createUser, disableUser, enableUser } from '../../api/commands'
import { IntentKeys } from '../../api/intent'
import { usersQuery } from '../../api/queries'
import type { Role, StaffUser } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { useCan, useUser } from '../../auth/SessionGate'
import { useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Dialog } from '../../ui/Dialog'
import { SelectField, TextField } from '../../ui/Field'
import { Empty, Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Secret } from '../../ui/Secret'

/** Roles an administrator gives; the platform's own are not given here. */
const givenRoles = ['supervisor', 'seller', 'auditor', 'support', 'administrator', 'integration'] as const

type Asked =
  { kind: 'add' } | { kind: 'disable'; user: StaffUser } | { kind: 'secret'; name: string; password: string }

export function PeopleScreen() {
  const text = useText()
  const query = useQuery(usersQuery)
  const may = useCan('manage_organisation')
  const down = useLinkReason()
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)
  return (
    <div className="page">
      <header className="hd">
        <PageTitle title={text.people.title} />
        {may && (
          <Button tone="next" icon="plus" reason={down} onClick={() => setAsked({ kind: 'add' })}>
            {text.people.add}
          </Button>
        )}
      </header>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="plus" title={text.people.empty} />
          ) : (
            <table className="tbl blocks">
              <thead>
                <tr>
                  <th scope="col">{text.common.name}</th>
                  <th scope="col">{text.people.login}</th>
                  <th scope="col">{text.people.role}</th>
                  <th scope="col">{text.people.state}</th>
                  {may && (
                    <th scope="col">
                      <span className="vh">{text.people.actions}</span>
                    </th>
                  )}
                </tr>
              </thead>
              <tbody>
                {items.map((user) => (
                  <tr key={user.id}>
                    <th scope="row">{user.name}</th>
                    <td data-label={text.people.login}>{user.login}</td>
                    <td data-label={text.people.role}>{text.status.role[user.role]}</td>
                    <td data-label={text.people.state}>
                      {!user.enabled ? (
                        <Chip tone="closed" icon="x">
                          {text.people.disabled}
                        </Chip>
                      ) : user.must_change_password ? (
                        <Chip tone="idle" icon="clock">
                          {text.people.firstSignIn}
                        </Chip>
                      ) : (
                        <Chip tone="online" icon="check">
                          {text.people.active}
                        </Chip>
                      )}
                    </td>
                    {may && (
                      <td className="acts-cell">
                        <PersonActions user={user} onDisable={() => setAsked({ kind: 'disable', user })} />
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
      {asked?.kind === 'add' && (
        <AddDialog
          onClose={close}
          onAdded={(name, password) => setAsked({ kind: 'secret', name, password })}
        />
      )}
      {asked?.kind === 'secret' && (
        <Dialog
          title={text.people.otpTitle(asked.name)}
          onClose={close}
          footer={<Button onClick={close}>{text.common.close}</Button>}
        >
          <p>{text.people.otpText}</p>
          <Secret value={asked.password} label={text.password.currentForced} />
        </Dialog>
      )}
      {asked?.kind === 'disable' && (
        <ConfirmDialog
          title={text.people.disableTitle(asked.user.name)}
          consequences={text.people.disableText}
          confirm={text.people.disableConfirm}
          tone="danger-strong"
          reason={down}
          run={() => disableUser(asked.user.id)}
          onClose={close}
        />
      )}
    </div>
  )
}

function PersonActions({ user, onDisable }: { user: StaffUser; onDisable: () => void }) {
  const text = useText()
  const me = useUser()
  const down = useLinkReason()
  const enable = useMutation({ mutationFn: () => enableUser(user.id) })
  return (
    <>
      <div className="acts" role="group" aria-label={user.name}>
        {user.enabled ? (
          <Button
            small
            tone="quiet"
            reason={down ?? (user.id === me.id ? text.people.self : null)}
            onClick={onDisable}
          >
            {text.people.disable}
          </Button>
        ) : (
          <Button small reason={down} busy={enable.isPending} onClick={() => enable.mutate()}>
            {text.people.enable}
          </Button>
        )}
      </div>
      <ProblemNotice error={enable.error} />
    </>
  )
}

function AddDialog({
  onClose,
  onAdded,
}: {
  onClose: () => void
  onAdded: (name: string, password: string) => void
}) {
  const text = useText()
  const down = useLinkReason()
  const [login, setLogin] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('supervisor')
  const [intent] = useState(() => new IntentKeys())
  const input = { login: login.trim(), name: name.trim(), role }
  const fault = !/^[\w.-]{3,40}$/.test(input.login)
    ? text.people.loginInvalid
    : input.name === ''
      ? text.people.nameMissing
      : null
  return (
    <ConfirmDialog
      title={text.people.addTitle}
      consequences={null}
      confirm={text.people.addConfirm}
      tone="next"
      fault={fault}
      reason={down}
      run={async () => {
        const { user, one_time_password } = await createUser(input, intent.keyFor(input))
        onAdded(user.name, one_time_password)
      }}
      onClose={onClose}
      staysOpen
    >
      <TextField label={text.common.name} value={name} onText={setName} autoComplete="off" required />
      <TextField
        label={text.people.login}
        hint={text.people.loginHint}
        value={login}
        onText={setLogin}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <SelectField
        label={text.people.role}
        hint={text.people.roleHint[role]}
        value={role}
        onText={(value) => setRole(givenRoles.find((each) => each === value) ?? role)}
      >
        {givenRoles.map((each) => (
          <option key={each} value={each}>
            {text.status.role[each]}
          </option>
        ))}
      </SelectField>
    </ConfirmDialog>
  )
}
