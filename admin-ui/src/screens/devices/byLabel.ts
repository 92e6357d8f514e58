/** Handhelds in the order of what is written on them: 2 before 10. */
export const byLabel = (a: { label: string }, b: { label: string }): number =>
  a.label.localeCompare(b.label, undefined, { numeric: true })
