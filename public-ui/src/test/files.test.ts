// @vitest-environment node
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { qrModules, qrPath } from '../ui/qr'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('style', () => {
  it('has the same dark colours, pinned and by system', () => {
    const css = read('src/styles/tokens.css')
    const block = (from: string) => {
      const start = css.indexOf('{', css.indexOf(from)) + 1
      const lines = css.slice(start, css.indexOf('}', start)).split('\n')
      return lines.map((line) => line.replace(/\/\*.*?\*\//g, '').trim()).filter(Boolean)
    }
    const pinned = block("\n[data-theme='dark'] {")
    expect(pinned.length).toBeGreaterThan(20)
    expect(block(':root:not([data-theme]) {')).toEqual(pinned)
  })
})

describe('page', () => {
  const html = read('index.html')
  it('leaves the server its two places', () => {
    expect(html).toContain('<div id="ssr"><!--drumroll:ssr--></div>')
    expect(html).toContain('<title><!--drumroll:title-->')
  })

  it("keeps to default-src 'self'", () => {
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)/)
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|https?:\/\//)
  })
})

describe('QR codes', () => {
  const digest = (text: string) => {
    const modules = qrModules(text) ?? []
    const rows = modules.map((row) => row.map((dark) => (dark ? 1 : 0)).join(''))
    return `${modules.length} ${createHash('sha256').update(rows.join('\n')).digest('hex').slice(0, 16)}`
  }

  // An independent decoder read back every length from 1 to 213 when these were recorded.
  it('are what a decoder read back', () => {
    expect(digest('HELLO')).toBe('21 c346c75add569873')
    expect(digest('https://raffle.example/tickets/H4XW-9PQM-2RKD-7T3C')).toBe('33 9eb7ee4e770bcfca')
    expect(digest('https://raffle.example/events/' + 'a'.repeat(120))).toBe('49 cf9d68a937b5a7bb')
  })

  it('end where version 10 ends', () => {
    expect(qrModules('x'.repeat(213))?.length).toBe(57)
    expect(qrModules('x'.repeat(214))).toBeNull()
  })

  it('become one path', () => {
    expect(
      qrPath([
        [true, true, false],
        [false, true, false],
      ]),
    ).toBe('M0 0h2v1h-2zM1 1h1v1h-1z')
  })
})
