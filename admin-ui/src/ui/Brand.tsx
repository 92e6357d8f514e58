/** Three rising strokes, the musical sign for a roll. */
export function Mark() {
  return (
    <svg viewBox="0 0 26 22" aria-hidden="true">
      <path d="M2 6.600L24 0v4.600L2 11.200zM2 12L24 5.400V10L2 16.600zM2 17.400L24 10.800v4.600L2 22z" />
    </svg>
  )
}
