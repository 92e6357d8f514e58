import { signOut } from '../../api/commands'
import { useText } from '../../i18n'
import { Button } from '../../ui/Button'
import { Notice } from '../../ui/Notice'
import { PageTitle } from '../../ui/Page'
import { EntryFrame } from './EntryFrame'
import { PasswordForm } from './PasswordForm'

/** A one-time password opens this page and nothing else. */
export function PasswordScreen() {
  const text = useText()
  return (
    <EntryFrame>
      <div className="panel">
        <PageTitle title={text.password.forcedTitle} />
        <Notice tone="warn" icon="lock">
          {text.password.forced}
        </Notice>
        <PasswordForm
          forced
          onDone={() => undefined}
          beside={
            <Button tone="quiet" onClick={() => void signOut()}>
              {text.frame.signOut}
            </Button>
          }
        />
      </div>
    </EntryFrame>
  )
}
