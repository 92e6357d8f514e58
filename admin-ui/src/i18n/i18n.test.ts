import { describe, expect, it } from 'vitest'
import { en } from './en'
import { fr } from './fr'

type Node = string | ((...given: never[]) => string) | { [key: string]: Node }

/** Every text, functions called with something harmless. */
function texts(node: Node, path = ''): [path: string, text: string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') {
    const given = Array.from({ length: node.length }, () => 2) as never[]
    return [[path, node(...given)]]
  }
  return Object.entries(node).flatMap(([key, child]) => texts(child, path ? `${path}.${key}` : key))
}

const english = new Map(texts(en))
const french = new Map(texts(fr))

describe('the catalogues', () => {
  it('have the same keys, none of them empty', () => {
    expect([...french.keys()].sort()).toEqual([...english.keys()].sort())
    for (const [path, text] of [...english, ...french]) expect(text.trim(), path).not.toBe('')
  })

  it('keep their voice: no exclamation marks, no "oops"', () => {
    for (const [path, text] of [...english, ...french]) expect(text, path).not.toMatch(/!|oops/i)
  })

  it('are both translated', () => {
    const same = [...english].filter(([path, text]) => text === french.get(path) && / .* /.test(text))
    expect(same).toEqual([])
  })

  it('bend with the number, each by its own rule', () => {
    expect(en.board.orders(1)).toBe('1 order')
    expect(en.board.orders(0)).toBe('0 orders')
    expect(fr.board.orders(0)).toBe('0 commande')
    expect(fr.board.orders(2)).toBe('2 commandes')
  })
})
