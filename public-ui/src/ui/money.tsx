import type { RaffleView } from '../api/client'
import { useI18n } from '../i18n'
import { type MoneyParts, minorPerUnit, moneyParts } from '../i18n/format'

/** Whether this event's jackpot can have cents: then they always stand, so the figure keeps its shape. */
export function usesCents(raffle: RaffleView): boolean {
  const per = minorPerUnit(raffle.currency)
  const share = raffle.prizes.find((prize) => prize.id === raffle.main_prize_id)?.basis_points ?? 0
  return (
    raffle.jackpot.value_minor % per !== 0 ||
    raffle.packages.some((pack) => (pack.price_minor * share) % (10_000 * per) !== 0)
  )
}

/** Width of a figure in em, near enough to fit it to its place. */
export function figureEm(parts: MoneyParts): number {
  const em = (text: string) => Array.from(text).reduce((sum, c) => sum + (/\d/.test(c) ? 0.68 : 0.34), 0)
  return (
    em(parts.whole) + 0.4 * em(parts.cents) + 0.5 * (parts.before.length * 0.9 + parts.after.length * 0.7)
  )
}

/** Money as a figure: small currency sign, small cents. Read out as one amount. */
export function Money(props: { minor: number; currency: string; cents?: boolean; class?: string }) {
  const { locale } = useI18n()
  const cents = props.cents ?? props.minor % minorPerUnit(props.currency) !== 0
  const parts = moneyParts(props.minor, props.currency, locale, cents)
  return (
    <span class={`fig money ${props.class ?? ''}`} style={{ '--em': figureEm(parts) }}>
      {parts.before && <span class="cur">{parts.before}</span>}
      {parts.whole}
      {parts.cents && <span class="cents">{parts.cents}</span>}
      {parts.after && <span class="cur">{parts.after}</span>}
    </span>
  )
}
