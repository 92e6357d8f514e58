import { useLanguage, useText, type Language } from '../i18n'
import { setTheme, useTheme, type Theme } from './theme'

function Switch<V extends string>({
  legend,
  value,
  options,
  onChoose,
}: {
  legend: string
  value: V
  options: readonly { value: V; label: string; lang?: string }[]
  onChoose: (value: V) => void
}) {
  return (
    <div className="switch" role="group" aria-label={legend}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          lang={option.lang}
          onClick={() => onChoose(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}

/** Language and theme: kept on this machine, not on the account. */
export function Preferences() {
  const text = useText()
  const { language, setLanguage } = useLanguage()
  const theme = useTheme()
  return (
    <>
      <Switch<Language>
        legend={text.common.language}
        value={language}
        onChoose={setLanguage}
        options={[
          { value: 'en', label: 'English', lang: 'en' },
          { value: 'fr', label: 'Français', lang: 'fr' },
        ]}
      />
      <Switch<Theme>
        legend={text.common.theme}
        value={theme}
        onChoose={setTheme}
        options={[
          { value: 'dark', label: text.common.dark },
          { value: 'light', label: text.common.light },
        ]}
      />
    </>
  )
}
