import { useState } from 'react'
import { useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/Notice'
import { PasswordForm } from './PasswordForm'

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const text = useText()
  const [done, setDone] = useState(false)
  return (
    <Dialog title={text.password.title} onClose={onClose}>
      {done ? (
        <>
          <Notice tone="ok" live>
            {text.password.changed}
          </Notice>
          <Button onClick={onClose}>{text.common.close}</Button>
        </>
      ) : (
        <PasswordForm
          forced={false}
          onDone={() => setDone(true)}
          beside={<Button onClick={onClose}>{text.common.cancel}</Button>}
        />
      )}
    </Dialog>
  )
}
