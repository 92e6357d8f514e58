/**
 * Idempotency keys. One intent, one key: made before the first byte is sent and kept while the same terms
 * are tried again, so that an answer lost on the way cannot become a second raffle. Other terms are
 * another intent. It lives as long as the form it belongs to.
 */
export class IntentKeys {
  #terms: string | null = null
  #key = ''
  readonly #make: () => string

  constructor(make: () => string = randomUuid) {
    this.#make = make
  }

  keyFor(terms: unknown): string {
    const text = JSON.stringify(terms)
    if (text !== this.#terms) {
      this.#terms = text
      this.#key = this.#make()
    }
    return this.#key
  }
}

/** `crypto.randomUUID` exists only in secure contexts; an arena's own server is often plain http. */
function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
