import { useText } from '../../i18n'
import { ButtonLink } from '../../ui/Button'
import { PageTitle } from '../../ui/Page'

export function NotFoundScreen({ title }: { title?: string }) {
  const text = useText()
  return (
    <div className="page stack">
      <PageTitle title={title ?? text.frame.notFound} />
      <p className="muted">{text.frame.notFoundHint}</p>
      <ButtonLink to={{ name: 'events' }} tone="next" icon="right">
        {text.frame.toEvents}
      </ButtonLink>
    </div>
  )
}
