/** How the log speaks of people and things. Ids stand in it for ever; names are today's. */
import type { Catalogue } from '../../i18n'

/** `rsu:<id>` with the name the server knows; what has none is said in words, and its id shortened. */
export function partyText(party: string, name: string | null | undefined, text: Catalogue): string {
  const [kind = '', id] = party.split(':')
  const word = text.log.kinds[kind]
  if (name != null) return kind === 'rsu' ? text.board.device.title(name) : name
  if (id === undefined) return word ?? party
  return `${word ?? kind} ${shortId(id)}`
}

export const shortId = (id: string): string => (id.length > 12 ? `${id.slice(0, 8)}…` : id)

/** A code in words; one from a newer server at least without its underscores. */
export const codeText = (code: string, text: Catalogue): string =>
  text.log.codes[code] ?? code.replaceAll('_', ' ')

/** The sentence, unless it only repeats what the line is about. */
export function news(
  item: { component: string; component_name?: string | null; detail: string },
  text: Catalogue,
): string {
  const about = partyText(item.component, item.component_name, text)
  const said = item.detail.toLowerCase()
  return said === about.toLowerCase() || said === `handheld ${item.component_name ?? ''}`.toLowerCase()
    ? ''
    : item.detail
}

const ORDER_KEY = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/

/** What happened, parted at the ticket it names, so that the ticket can be opened. */
export function detailParts(detail: string): { before: string; order: string | null; after: string } {
  const found = ORDER_KEY.exec(detail)
  if (!found) return { before: detail, order: null, after: '' }
  return {
    before: detail.slice(0, found.index),
    order: found[0],
    after: detail.slice(found.index + found[0].length),
  }
}
