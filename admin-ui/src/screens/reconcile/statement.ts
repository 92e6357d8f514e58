/**
 * The server's statement as it is read: counts in groups of three. What is sent back is the server's own text,
 * untouched.
 */
export const groupDigits = (statement: string, format: (value: number) => string): string =>
  statement.replace(/(?<![\d-])\d{4,12}(?![\d-])/g, (digits) => format(Number(digits)))
