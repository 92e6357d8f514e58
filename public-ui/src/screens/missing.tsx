import { useI18n } from '../i18n'
import { useShown } from '../router'
import { Brand, LanguageSwitch } from '../ui/parts'

export function Missing({ problem }: { problem: 'not_found' | 'unreachable' }) {
  const { t } = useI18n()
  const gone = problem === 'not_found'
  useShown(true, gone ? t.not_found : t.load_failed)
  return (
    <>
      <header class="in br">
        <Brand />
        <LanguageSwitch />
      </header>
      <main class="in missing" id="main">
        <h1 tabIndex={-1}>{gone ? t.not_found : t.load_failed}</h1>
        <p role={gone ? undefined : 'alert'}>{gone ? t.not_found_text : t.load_failed_text}</p>
        <p>
          <a class="btn" href="/">
            {t.home}
          </a>
        </p>
      </main>
    </>
  )
}
