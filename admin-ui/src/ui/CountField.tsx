import { useState, type ComponentProps } from 'react'
import { useFormat } from '../i18n'
import { TextField } from './Field'

/**
 * A count as it is read, in groups of three; as it is typed while somebody types. Coming into the field changes
 * nothing, so that what is selected in it stays selected.
 */
export function CountField(props: ComponentProps<typeof TextField> & { value: string }) {
  const format = useFormat()
  const [typing, setTyping] = useState(false)
  const plain = props.value.replace(/[\s,\u00a0\u202f]/g, '')
  return (
    <TextField
      {...props}
      inputMode="numeric"
      value={!typing && /^\d{4,12}$/.test(plain) ? format.number(Number(plain)) : props.value}
      onText={(value) => {
        setTyping(true)
        props.onText(value)
      }}
      onBlur={() => setTyping(false)}
    />
  )
}
