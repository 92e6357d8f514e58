import 'react'

declare module 'react' {
  interface CSSProperties {
    /** The filled share of a tick rail, in per cent. */
    '--v'?: number
  }
}
