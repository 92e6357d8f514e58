/** What was typed but not saved survives a reload of the tab, and nothing longer. */
import type { ConfigForm } from './configForm'

const keyOf = (raffleId: string) => `drumroll.setup.${raffleId}`

export function readDraft(raffleId: string): ConfigForm | null {
  const text = sessionStorage.getItem(keyOf(raffleId))
  return text === null ? null : (JSON.parse(text) as ConfigForm)
}

export function writeDraft(raffleId: string, form: ConfigForm): void {
  sessionStorage.setItem(keyOf(raffleId), JSON.stringify(form))
}

export function clearDraft(raffleId: string): void {
  sessionStorage.removeItem(keyOf(raffleId))
}
