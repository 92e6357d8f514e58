const rules = { en: new Intl.PluralRules('en-CA'), fr: new Intl.PluralRules('fr-CA') }

/** One or many, by the language's own rule (French counts zero as one). */
export function plural(language: 'en' | 'fr', count: number, one: string, many: string): string {
  return rules[language].select(count) === 'one' ? one : many
}
