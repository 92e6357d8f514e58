import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react'
import { Icon } from './Icon'

interface Wrap {
  label: ReactNode
  hint?: ReactNode
  /** What is wrong and how to put it right; shown and tied to the field. */
  error?: string | null | undefined
}

interface Ties {
  id: string
  'aria-invalid'?: true
  'aria-describedby'?: string
}

function useTies(
  hint: ReactNode,
  error: string | null | undefined,
): Ties & { hintId: string; errorId: string } {
  const id = useId()
  const hintId = `${id}h`
  const errorId = `${id}e`
  const described = [hint && hintId, error && errorId].filter(Boolean).join(' ')
  return {
    id,
    hintId,
    errorId,
    ...(error ? { 'aria-invalid': true } : {}),
    ...(described ? { 'aria-describedby': described } : {}),
  }
}

function Wrapped({
  label,
  hint,
  error,
  ties,
  children,
}: Wrap & { ties: { id: string; hintId: string; errorId: string }; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={ties.id}>{label}</label>
      {children}
      {hint && (
        <p className="hint" id={ties.hintId}>
          {hint}
        </p>
      )}
      {error && <FieldError id={ties.errorId}>{error}</FieldError>}
    </div>
  )
}

export function FieldError({ id, children }: { id?: string; children: ReactNode }) {
  return (
    <p className="err" id={id}>
      <Icon name="alert" />
      <span>{children}</span>
    </p>
  )
}

export function TextField({
  label,
  hint,
  error,
  affix,
  onText,
  ...rest
}: Wrap & { affix?: string; onText: (text: string) => void } & Omit<
    InputHTMLAttributes<HTMLInputElement>,
    'onChange'
  >) {
  const { hintId, errorId, ...ties } = useTies(hint, error)
  const input = (
    <input
      type="text"
      {...rest}
      {...ties}
      className="input"
      onChange={(event) => onText(event.target.value)}
    />
  )
  return (
    <Wrapped label={label} hint={hint} error={error} ties={{ id: ties.id, hintId, errorId }}>
      {affix ? (
        <div className="affix">
          <span aria-hidden="true">{affix}</span>
          {input}
        </div>
      ) : (
        input
      )}
    </Wrapped>
  )
}

export function TextArea({
  label,
  hint,
  error,
  onText,
  ...rest
}: Wrap & { onText: (text: string) => void } & Omit<
    TextareaHTMLAttributes<HTMLTextAreaElement>,
    'onChange'
  >) {
  const { hintId, errorId, ...ties } = useTies(hint, error)
  return (
    <Wrapped label={label} hint={hint} error={error} ties={{ id: ties.id, hintId, errorId }}>
      <textarea {...rest} {...ties} className="input" onChange={(event) => onText(event.target.value)} />
    </Wrapped>
  )
}

export function SelectField({
  label,
  hint,
  error,
  onText,
  children,
  ...rest
}: Wrap & { onText: (value: string) => void; children: ReactNode } & Omit<
    SelectHTMLAttributes<HTMLSelectElement>,
    'onChange'
  >) {
  const { hintId, errorId, ...ties } = useTies(hint, error)
  return (
    <Wrapped label={label} hint={hint} error={error} ties={{ id: ties.id, hintId, errorId }}>
      <select {...rest} {...ties} className="input" onChange={(event) => onText(event.target.value)}>
        {children}
      </select>
    </Wrapped>
  )
}

export interface Choice<V extends string> {
  value: V
  title: ReactNode
  hint?: ReactNode
}

/** A few exclusive answers, all of them readable before choosing. */
export function Choices<V extends string>({
  legend,
  name,
  value,
  onChoose,
  choices,
}: {
  legend: string
  name: string
  value: V
  onChoose: (value: V) => void
  choices: readonly Choice<V>[]
}) {
  return (
    <fieldset className="field">
      <legend>{legend}</legend>
      <div className="opts">
        {choices.map((choice) => (
          <label className="opt" key={choice.value}>
            <input
              type="radio"
              name={name}
              checked={choice.value === value}
              onChange={() => onChoose(choice.value)}
            />
            <b>{choice.title}</b>
            {choice.hint && <span className="xs">{choice.hint}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
