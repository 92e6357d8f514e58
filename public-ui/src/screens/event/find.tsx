import { useState } from 'preact/hooks'
import { useI18n } from '../../i18n'
import { validationNumber } from '../../i18n/format'
import { navigate, ticketPath } from '../../router'
import { Icon } from '../../ui/icons'

/** Folded to one button where it is not what the page is for. */
export function FindTicket({ folded }: { folded: boolean }) {
  const { t } = useI18n()
  if (!folded) {
    return (
      <section class="sec" aria-labelledby="find-h">
        <header>
          <h2 id="find-h">{t.find_title}</h2>
        </header>
        <FindForm />
      </section>
    )
  }
  return (
    <details class="finder">
      <summary class="btn small">
        <Icon name="search" />
        {t.find_title}
      </summary>
      <FindForm />
    </details>
  )
}

export function FindForm() {
  const { t } = useI18n()
  const [typed, setTyped] = useState('')
  const [bad, setBad] = useState(false)
  return (
    <form
      class="find"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        const number = validationNumber(typed)
        setBad(number === null)
        if (number !== null) navigate(ticketPath(number))
        else document.getElementById('find-i')?.focus()
      }}
    >
      <div class={`field ${bad ? 'bad' : ''}`}>
        <label for="find-i">{t.find_label}</label>
        <input
          id="find-i"
          class="input hash"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          maxLength={40}
          aria-describedby={bad ? 'find-e' : 'find-d'}
          aria-invalid={bad}
        />
        {bad ? (
          <p class="err" id="find-e" role="alert">
            <Icon name="alert" />
            {t.find_bad}
          </p>
        ) : (
          <p class="hint" id="find-d">
            {t.find_hint}
          </p>
        )}
      </div>
      <button type="submit" class="btn">
        <Icon name="search" />
        {t.find}
      </button>
    </form>
  )
}
