import { describe, expect, it } from 'vitest'
import { chooseLanguage, loadMessages } from '../i18n'
import { en } from '../i18n/en'
import { fr } from '../i18n/fr'

type Node = string | ((...args: never[]) => unknown) | { [key: string]: Node }

/** Every text with its parameters filled in with marks, so that a forgotten one shows. */
function texts(node: Node, path: string, out: Map<string, string>): Map<string, string> {
  if (typeof node === 'string') out.set(path, node)
  else if (typeof node === 'function') {
    const marks = Array.from({ length: node.length }, (_, i) => `<${i}>`)
    out.set(path, JSON.stringify(node(...(marks as never[]))))
  } else for (const [key, value] of Object.entries(node)) texts(value, `${path}.${key}`, out)
  return out
}

const english = texts(en as unknown as Node, '', new Map())
const french = texts(fr as unknown as Node, '', new Map())
const marksOf = (text: string) => [...new Set(text.match(/<\d>/g) ?? [])].sort((a, b) => a.localeCompare(b))
/** Plural forms choose by the number itself and show its formatted twin. */
const CHOOSES = /numbers$|and_more|lost_text|spoken_/

describe('catalogue', () => {
  it('has the same texts in both languages, none empty', () => {
    expect([...french.keys()]).toEqual([...english.keys()])
    for (const [key, text] of [...english, ...french]) expect(text.length, key).toBeGreaterThan(0)
  })

  it('uses the same parameters in both', () => {
    for (const [key, text] of english) {
      if (!CHOOSES.test(key)) expect(marksOf(french.get(key) ?? ''), key).toEqual(marksOf(text))
    }
  })

  it('marks strong words in pairs, and in both languages', () => {
    for (const [key, text] of english) {
      const stars = (text.match(/\*/g) ?? []).length
      expect(stars % 2, key).toBe(0)
      expect((french.get(key)?.match(/\*/g) ?? []).length, key).toBe(stars)
    }
  })

  it('never calls a draw fair, and never pushes', () => {
    for (const [key, text] of [...english, ...french]) {
      expect(text, key).not.toMatch(/\bfair\b|provably|équitable|guaranteed to win|hurry|last chance|!/i)
    }
  })

  it('says what grade 0 leaves to trust', () => {
    expect(en.grade['0']).toContain('trusting the organiser')
    expect(fr.grade['0']).toContain('faire confiance à l’organisateur')
  })
})

describe('language', () => {
  it('is what was chosen here, or the first wanted that we have, or English', () => {
    expect(chooseLanguage('fr', ['en-CA'])).toBe('fr')
    expect(chooseLanguage(null, ['de-CH', 'fr-CA', 'en'])).toBe('fr')
    expect(chooseLanguage('xx', ['EN-us'])).toBe('en')
    expect(chooseLanguage(null, ['de'])).toBe('en')
    expect(chooseLanguage(null, [])).toBe('en')
  })

  it('loads', async () => {
    expect((await loadMessages('fr')).buy_title).toBe(fr.buy_title)
    expect((await loadMessages('en')).buy_title).toBe(en.buy_title)
  })
})
