import { useState } from 'react'
import type { LiveRaffle } from '../../live/fold'
import { useText } from '../../i18n'
import { PageTitle } from '../../ui/Page'
import { Attention } from './Attention'
import { Commands } from './Commands'
import { CloseCountdown } from './Countdown'
import { Handhelds } from './Handhelds'
import { Jackpot, ThreeFigures } from './Jackpot'
import { SalesCurve } from './SalesCurve'
import { WhereBought } from './WhereBought'
import './board.css'

export default function BoardScreen({ live }: { live: LiveRaffle }) {
  const text = useText()
  const [shown, setShown] = useState<string | null>(null)
  const { raffle } = live
  return (
    <div className="page board">
      <PageTitle title={text.board.title(raffle.name)} hidden />
      <Jackpot live={live} />
      <ThreeFigures live={live} />
      <CloseCountdown raffle={raffle} />
      <Commands raffle={raffle} />
      <SalesCurve raffle={raffle} />
      <Attention live={live} onShow={setShown} />
      <Handhelds raffle={raffle} shown={shown} onShow={setShown} />
      <WhereBought raffle={raffle} />
    </div>
  )
}
