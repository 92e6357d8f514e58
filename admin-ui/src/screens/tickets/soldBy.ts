import type { Ticket } from '../../api/types'
import type { Catalogue } from '../../i18n'

/** Who sold it, in one phrase: a handheld and its seller, or the way it was sold. */
export function soldBy(ticket: Ticket, text: Catalogue): string {
  const parts = [ticket.device_label ?? text.status.channel[ticket.channel], ticket.seller_name]
  return parts.filter(Boolean).join(', ')
}
