import { useState } from 'react'
import { useText } from '../i18n'
import { Button } from './Button'

/** Something shown once: a code or a one-time password, large enough to read aloud. */
export function Secret({ value, label }: { value: string; label: string }) {
  const text = useText()
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(value)
    setCopied(true)
  }
  return (
    <div className="secret">
      <output aria-label={label}>{value}</output>
      {/* Copying needs a secure context; without one the value is read and typed. */}
      {window.isSecureContext && (
        <Button small icon={copied ? 'check' : 'copy'} onClick={() => void copy()}>
          {copied ? text.common.copied : text.common.copy}
        </Button>
      )}
    </div>
  )
}
