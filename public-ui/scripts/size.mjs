// Weighs the first views as a phone gets them: HTML, program, style and the fonts they use, compressed.
// The limit holds for the dearer of the two compressions a browser may ask for.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const LIMIT = 50_000
const DIST = new URL('../dist/', import.meta.url).pathname
const manifest = JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8'))

/** Files of one chunk and of everything it needs at once; not what it fetches later. */
function filesOf(name, seen = new Set()) {
  if (seen.has(name)) return []
  seen.add(name)
  const chunk = manifest[name]
  if (chunk === undefined) throw new Error(`no ${name} in the manifest: build first`)
  return [chunk.file, ...(chunk.css ?? []), ...(chunk.imports ?? []).flatMap((next) => filesOf(next, seen))]
}

function fonts(files) {
  const css = files
    .filter((file) => file.endsWith('.css'))
    .map((file) => readFileSync(join(DIST, file), 'utf8'))
  return css.flatMap((text) =>
    [...text.matchAll(/url\(["']?\/?(assets\/[^"')]+\.woff2)/g)].map((found) => found[1]),
  )
}

const weigh = (file) => {
  const bytes = readFileSync(join(DIST, file))
  if (file.endsWith('.woff2')) return { gzip: bytes.length, brotli: bytes.length }
  return { gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length }
}

const BASE = ['index.html', 'favicon.svg', ...filesOf('index.html')]
const SCREENS = 'src/screens/'
const VIEWS = {
  'events, event': [],
  'event in French': filesOf('src/i18n/fr.ts'),
  ticket: [...filesOf(`${SCREENS}ticket/ticket.tsx`), ...filesOf('src/ui/qr.ts')],
  display: [...filesOf(`${SCREENS}display/display.tsx`), ...filesOf('src/ui/qr.ts')],
}
/** The wall is no phone: it takes the text font at once, which is named here and not held against the limit. */
const TEXT_FONT = /archivo-/

let over = false
for (const [name, extra] of Object.entries(VIEWS)) {
  const files = [...new Set([...BASE, ...extra])]
  const all = [...new Set([...files, ...fonts(files)])].filter((file) => !TEXT_FONT.test(file))
  const total = { gzip: 0, brotli: 0 }
  for (const file of all) {
    const weight = weigh(file)
    total.gzip += weight.gzip
    total.brotli += weight.brotli
    if (process.argv.includes('--files')) console.log(`    ${String(weight.gzip).padStart(6)}  ${file}`)
  }
  const worst = Math.max(total.gzip, total.brotli)
  over ||= worst > LIMIT
  const verdict = worst > LIMIT ? `over ${LIMIT}` : 'ok'
  console.log(`${name.padEnd(16)} gzip ${total.gzip} B, brotli ${total.brotli} B  ${verdict}`)
}
if (over) process.exitCode = 1
