import { useId, useLayoutEffect, useRef, type ReactNode, type SubmitEvent } from 'react'
import { createPortal } from 'react-dom'
import { useText } from '../i18n'
import { Icon } from './Icon'

/**
 * A question that must be answered before going on. The platform's own modal dialog: focus is kept inside and
 * comes back to where it was, Escape closes. It stands at the end of the page: a form within a form is no form, and its
 * button would load the page anew.
 */
export function Dialog({
  title,
  onClose,
  onSubmit,
  footer,
  children,
}: {
  title: string
  onClose: () => void
  /** Makes it a form: Enter in a field is the confirm button. */
  onSubmit?: () => void
  footer?: ReactNode
  children: ReactNode
}) {
  const text = useText()
  const ref = useRef<HTMLDialogElement>(null)
  const headingId = useId()
  // A layout effect: its clean-up runs while the dialog is still in the page, so the focus finds its way back.
  useLayoutEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    dialog.showModal()
    dialog
      .querySelector<HTMLElement>(':is(input, textarea, select):not([tabindex="-1"]), footer .btn')
      ?.focus()
    return () => dialog.close()
  }, [])
  const inside = (
    <>
      <header>
        <h2 id={headingId}>{title}</h2>
        <button type="button" className="btn quiet icon" aria-label={text.common.close} onClick={onClose}>
          <Icon name="x" />
        </button>
      </header>
      {children}
      {footer && <footer>{footer}</footer>}
    </>
  )
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    // To React it is still inside whatever asked for it, which may be a form.
    event.stopPropagation()
    onSubmit?.()
  }
  return createPortal(
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={headingId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      {onSubmit ? (
        <form className="in" onSubmit={submit} noValidate>
          {inside}
        </form>
      ) : (
        <div className="in">{inside}</div>
      )}
    </dialog>,
    document.body,
  )
}
