import type { DrawSummary, RaffleAdmin } from '../../api/types'
import { useText } from '../../i18n'
import { navigate } from '../../router'
import { SelectField } from '../../ui/Field'

/** Only where an event has more draws than one. */
export function DrawChoice({
  raffle,
  draw,
  page,
}: {
  raffle: RaffleAdmin
  draw: DrawSummary
  page: 'draw' | 'publish'
}) {
  const text = useText()
  if (raffle.draws.length < 2) return null
  return (
    <SelectField
      label={text.draw.choose}
      value={String(draw.draw_no)}
      onText={(value) =>
        navigate({ name: page, params: { raffleId: raffle.id }, query: { draw: value } }, { replace: true })
      }
    >
      {raffle.draws.map((each) => (
        <option key={each.id} value={String(each.draw_no)}>
          {text.draw.drawNo(each.draw_no)} · {text.status.draw[each.status]}
        </option>
      ))}
    </SelectField>
  )
}
