/** Draw numbers are read aloud in threes: `0 412 377`, padded to the width of the range. */
export function formatDrawNumber(value: number, last = 9_999_999): string {
  const digits = String(value).padStart(String(last).length, '0')
  return digits.replace(/\B(?=(\d{3})+$)/g, '\u00a0')
}

/** Hashes are compared by eye in groups of four. */
export function hashGroups(hash: string): string[] {
  return hash.match(/.{1,4}/g) ?? []
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const CHARACTERS = 16

export type ValidationNumberCheck =
  { ok: true; text: string } | { ok: false; why: 'character' | 'length' | 'check' }

/** Multiplies by α in GF(32) = GF(2)[x] / (x^5 + x^2 + 1), as the engine does. */
const timesAlpha = (element: number): number => {
  const doubled = element << 1
  return doubled & 0b10_0000 ? doubled ^ 0b10_0101 : doubled
}

/** Reads a validation number as a person types it and checks its last character before the server is asked. */
export function readValidationNumber(typed: string): ValidationNumberCheck {
  const text = typed.toUpperCase().replace(/[-\s]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
  const symbols = Array.from(text, (character) => ALPHABET.indexOf(character))
  if (symbols.includes(-1)) return { ok: false, why: 'character' }
  if (symbols.length !== CHARACTERS) return { ok: false, why: 'length' }
  if (symbols.reduce((sum, symbol) => timesAlpha(sum) ^ symbol, 0) !== 0) return { ok: false, why: 'check' }
  return { ok: true, text: text.replace(/.{4}(?=.)/g, '$&-') }
}

export const isOrderKey = (text: string): boolean =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text.trim())
