/** One table as CSV (RFC 4180), with amounts as plain decimals so that a spreadsheet can add them up. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string => {
    const text = String(value)
    // A leading sign would be run as a formula by a spreadsheet.
    const safe = typeof value === 'string' && /^[=+\-@]/.test(text) ? `'${text}` : text
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
  }
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}
