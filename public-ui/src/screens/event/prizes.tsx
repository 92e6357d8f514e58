import type { RaffleView } from '../../api/client'
import { useI18n } from '../../i18n'
import { money } from '../../i18n/format'

export function Prizes({ raffle }: { raffle: RaffleView }) {
  const { t, locale, n, numbers } = useI18n()
  const amount = (minor: number) => money(minor, raffle.currency, locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 })
  if (raffle.prizes.length === 0) return null
  return (
    <section class="sec" aria-labelledby="prizes-h">
      <header>
        <h2 id="prizes-h">{t.prizes_title}</h2>
        <span class="xs">{t.sold_so_far(numbers(raffle.numbers_sold), n(raffle.tickets_sold))}</span>
      </header>
      <ul class="prz">
        {raffle.prizes.map((prize) => {
          const rule = [
            prize.basis_points !== null && t.prize_share(percent.format(prize.basis_points / 10_000)),
            prize.guarantee_minor !== null && t.prize_guarantee(amount(prize.guarantee_minor)),
            prize.cap_minor !== null && t.prize_cap(amount(prize.cap_minor)),
          ].filter((part) => part !== false)
          return (
            <li key={prize.id}>
              <span class="grow">
                {prize.name}
                {rule.length > 0 && <span class="xs muted">{rule.join(', ')}</span>}
              </span>
              <b class="num money">
                {prize.quantity > 1
                  ? t.prize_times(n(prize.quantity), amount(prize.value_minor))
                  : amount(prize.value_minor)}
              </b>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
