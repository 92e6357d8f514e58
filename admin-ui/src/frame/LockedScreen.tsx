import type { RaffleAdmin } from '../api/types'
import { useText } from '../i18n'
import { homeOfStatus } from '../status/looks'
import type { StepName } from '../status/steps'
import { ButtonLink } from '../ui/Button'
import { Empty } from '../ui/Loaded'
import { PageTitle } from '../ui/Page'
import { stepReason } from './stepReason'

/** A step that was reached by its address before its time. */
export function LockedScreen({ step, raffle }: { step: StepName; raffle: RaffleAdmin }) {
  const text = useText()
  return (
    <div className="page stack">
      <PageTitle title={text.steps[step]} />
      <Empty icon="lock" title={stepReason(step, raffle, text)} />
      <ButtonLink
        to={{ name: homeOfStatus[raffle.status], params: { raffleId: raffle.id } }}
        tone="next"
        icon="right"
      >
        {text.events.open[raffle.status]}
      </ButtonLink>
    </div>
  )
}
