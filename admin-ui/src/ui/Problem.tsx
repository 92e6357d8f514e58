import { ApiError, NoAnswerError } from '../api/problem'
import { useText } from '../i18n'
import { Notice } from './Notice'

/** Says what happened and what is safe. Known codes in the reader's language, others in the server's words. */
export function useProblemText(): (error: unknown, kind?: 'read' | 'command') => string {
  const text = useText()
  return (error, kind = 'command') => {
    if (error instanceof NoAnswerError) return kind === 'read' ? '' : text.problem.noAnswer
    if (!(error instanceof ApiError)) return error instanceof Error ? error.message : ''
    const { codes } = text.problem
    const retry = error.retryAfterS === null ? '' : ` ${text.problem.retryIn(error.retryAfterS)}`
    switch (error.code) {
      case 'account_locked':
        return error.retryAfterS === null
          ? codes.account_locked
          : codes.account_locked_until(Math.ceil(error.retryAfterS / 60))
      case 'bad_credentials':
      case 'forbidden':
      case 'refresh_reused':
      case 'idempotency_terms_differ':
        return codes[error.code]
      case 'unavailable':
        return text.problem.unavailable + retry
      default:
        return (error.problem.detail || error.problem.title || text.problem.unknown(error.status)) + retry
    }
  }
}

export function ProblemNotice({ error }: { error: unknown }) {
  const text = useText()
  const problemText = useProblemText()
  if (!error) return null
  const fields = error instanceof ApiError ? (error.problem.errors ?? []) : []
  return (
    <Notice tone="danger" live>
      <p>
        <b>{text.problem.title}.</b> {problemText(error)}
      </p>
      {fields.length > 0 && (
        <ul>
          {fields.map((fault) => (
            <li key={fault.field}>
              <b>{fault.field}</b>: {fault.message}
            </li>
          ))}
        </ul>
      )}
      {error instanceof ApiError && error.problem.request_id && (
        <p className="xs muted">{text.problem.requestId(error.problem.request_id)}</p>
      )}
    </Notice>
  )
}
