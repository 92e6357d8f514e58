import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  disableDevice,
  enableDevice,
  newEnrolmentCode,
  registerDevice,
  unenrolDevice,
} from '../../api/commands'
import { IntentKeys } from '../../api/intent'
import { devicesQuery } from '../../api/queries'
import type { Device } from '../../api/types'
import { useLinkReason } from '../../auth/gate'
import { useCan } from '../../auth/SessionGate'
import { hashGroups } from '../../format/number'
import { useFormat, useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { Chip } from '../../ui/Chip'
import { ConfirmDialog } from '../../ui/ConfirmDialog'
import { Dialog } from '../../ui/Dialog'
import { TextField } from '../../ui/Field'
import { Empty, Loaded } from '../../ui/Loaded'
import { PageTitle } from '../../ui/Page'
import { ProblemNotice } from '../../ui/Problem'
import { Secret } from '../../ui/Secret'
import { byLabel } from './byLabel'

const LABEL_MAX = 20

type Asked =
  | { kind: 'register' }
  | { kind: 'new_code' | 'disable' | 'unenrol'; device: Device }
  | { kind: 'code'; label: string; code: string }

export function DevicesScreen() {
  const text = useText()
  const query = useQuery(devicesQuery)
  const may = useCan('manage_devices')
  const down = useLinkReason()
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)
  return (
    <div className="page">
      <header className="hd">
        <PageTitle title={text.devices.title} />
        {may && (
          <Button tone="next" icon="plus" reason={down} onClick={() => setAsked({ kind: 'register' })}>
            {text.devices.register}
          </Button>
        )}
      </header>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon="wifi" title={text.devices.empty}>
              {text.devices.emptyHint}
            </Empty>
          ) : (
            <DeviceTable devices={items} may={may} onAsk={setAsked} />
          )
        }
      </Loaded>
      {asked?.kind === 'register' && (
        <RegisterDialog
          taken={query.data?.items.map((device) => device.label) ?? []}
          onClose={close}
          onRegistered={(label, code) => setAsked({ kind: 'code', label, code })}
        />
      )}
      {asked?.kind === 'new_code' && (
        <NewCodeDialog
          device={asked.device}
          onClose={close}
          onCode={(code) => setAsked({ kind: 'code', label: asked.device.label, code })}
        />
      )}
      {asked?.kind === 'code' && (
        <Dialog
          title={text.devices.codeFor(asked.label)}
          onClose={close}
          footer={<Button onClick={close}>{text.common.close}</Button>}
        >
          <p>{text.devices.codeText}</p>
          <Secret value={asked.code} label={text.devices.code} />
        </Dialog>
      )}
      {asked?.kind === 'disable' && (
        <ConfirmDialog
          title={text.devices.disableTitle(asked.device.label)}
          consequences={text.devices.disableText}
          confirm={text.devices.disableConfirm}
          needs={['reason']}
          reason={down}
          run={({ reason }) => disableDevice(asked.device.id, reason)}
          onClose={close}
        />
      )}
      {asked?.kind === 'unenrol' && (
        <ConfirmDialog
          title={text.devices.unenrolTitle(asked.device.label)}
          consequences={text.devices.unenrolText}
          confirm={text.devices.unenrolConfirm}
          tone="danger-strong"
          needs={['reason']}
          reason={down}
          run={({ reason }) => unenrolDevice(asked.device.id, reason)}
          onClose={close}
        />
      )}
    </div>
  )
}

function DeviceTable({
  devices,
  may,
  onAsk,
}: {
  devices: readonly Device[]
  may: boolean
  onAsk: (asked: Asked) => void
}) {
  const text = useText()
  const format = useFormat()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const ready = (device: Device) => Number(device.enrolled && device.enabled)
  // What still needs a step comes first.
  const sorted = devices.toSorted((a, b) => ready(a) - ready(b) || byLabel(a, b))
  return (
    <table className="tbl blocks">
      <thead>
        <tr>
          <th scope="col">{text.devices.label}</th>
          <th scope="col">{text.devices.state}</th>
          <th scope="col">{text.devices.seller}</th>
          <th scope="col">{text.devices.key}</th>
          <th scope="col">{text.devices.since}</th>
          {may && (
            <th scope="col">
              <span className="vh">{text.devices.actions}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {sorted.map((device) => (
          <tr key={device.id}>
            <th scope="row" className="nowrap">
              {device.label}
            </th>
            <td className="long" data-label={text.devices.state}>
              <span className="row wrap">
                {device.enrolled && device.enabled ? (
                  <Chip tone="online" icon="check">
                    {text.devices.both}
                  </Chip>
                ) : (
                  <>
                    <Chip
                      tone={device.enrolled ? 'online' : 'idle'}
                      icon={device.enrolled ? 'check' : 'lock'}
                    >
                      {device.enrolled ? text.devices.enrolled : text.devices.notEnrolled}
                    </Chip>
                    <Chip tone={device.enabled ? 'online' : 'idle'} icon={device.enabled ? 'check' : 'pause'}>
                      {device.enabled ? text.devices.enabled : text.devices.disabled}
                    </Chip>
                  </>
                )}
              </span>
            </td>
            <td data-label={text.devices.seller}>{device.seller_name ?? '–'}</td>
            <td data-label={text.devices.key}>
              {device.public_key == null ? (
                '–'
              ) : (
                <span className="hash" title={device.public_key}>
                  {hashGroups(device.public_key.slice(0, 8)).join(' ')}…
                </span>
              )}
            </td>
            <td className="nowrap" data-label={text.devices.since}>
              {format.day(device.enrolled_at_ms ?? device.registered_at_ms, zone)}
            </td>
            {may && (
              <td className="acts-cell">
                <DeviceActions device={device} onAsk={onAsk} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function DeviceActions({ device, onAsk }: { device: Device; onAsk: (asked: Asked) => void }) {
  const text = useText()
  const down = useLinkReason()
  const enable = useMutation({ mutationFn: () => enableDevice(device.id) })
  return (
    <>
      <div className="acts" role="group" aria-label={text.devices.actionsFor(device.label)}>
        {device.enrolled ? (
          <Button small tone="quiet" reason={down} onClick={() => onAsk({ kind: 'unenrol', device })}>
            {text.devices.unenrol}
          </Button>
        ) : (
          <Button small reason={down} onClick={() => onAsk({ kind: 'new_code', device })}>
            {text.devices.newCode}
          </Button>
        )}
        {device.enabled ? (
          <Button small tone="quiet" reason={down} onClick={() => onAsk({ kind: 'disable', device })}>
            {text.devices.disable}
          </Button>
        ) : (
          <Button small reason={down} busy={enable.isPending} onClick={() => enable.mutate()}>
            {text.devices.enable}
          </Button>
        )}
      </div>
      <ProblemNotice error={enable.error} />
    </>
  )
}

function RegisterDialog({
  taken,
  onClose,
  onRegistered,
}: {
  taken: readonly string[]
  onClose: () => void
  onRegistered: (label: string, code: string) => void
}) {
  const text = useText()
  const [label, setLabel] = useState('')
  const [intent] = useState(() => new IntentKeys())
  const wanted = label.trim()
  const fault =
    wanted === '' || wanted.length > LABEL_MAX
      ? text.devices.labelMissing
      : taken.includes(wanted)
        ? text.devices.labelTaken
        : null
  return (
    <ConfirmDialog
      title={text.devices.registerTitle}
      consequences={text.devices.registerText}
      confirm={text.devices.registerConfirm}
      tone="next"
      fault={fault}
      run={async () => {
        const { device, enrolment_code } = await registerDevice(wanted, intent.keyFor(wanted))
        onRegistered(device.label, enrolment_code)
      }}
      onClose={onClose}
      staysOpen
    >
      <TextField
        label={text.devices.label}
        hint={text.devices.labelHint}
        value={label}
        onText={setLabel}
        maxLength={LABEL_MAX}
        required
      />
    </ConfirmDialog>
  )
}

function NewCodeDialog({
  device,
  onClose,
  onCode,
}: {
  device: Device
  onClose: () => void
  onCode: (code: string) => void
}) {
  const text = useText()
  return (
    <ConfirmDialog
      title={text.devices.newCodeTitle(device.label)}
      consequences={text.devices.newCodeText}
      confirm={text.devices.newCodeConfirm}
      run={async () => onCode((await newEnrolmentCode(device.id)).enrolment_code)}
      onClose={onClose}
      staysOpen
    />
  )
}
