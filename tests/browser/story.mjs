// What scripts in step with a cargo test share: they say what they did, one JSON object a line, and wait for a word where
// the test has something to do first (tests/src/browser.rs).
import { createInterface } from 'node:readline'

/** What the test told at the start. */
export const story = JSON.parse(process.env.STORY ?? '{}')

/** Says where the script is. */
export const say = (at, data = {}) => console.log(JSON.stringify({ at, ...data }))

const told = []
const waiting = []
createInterface({ input: process.stdin }).on('line', (line) => {
  const next = waiting.shift()
  if (next) next(JSON.parse(line))
  else told.push(JSON.parse(line))
})

/** Says where the script is, and waits until the test tells it to go on. */
export async function ask(at, data = {}) {
  say(at, data)
  if (told.length > 0) return told.shift()
  return new Promise((resolve) => waiting.push(resolve))
}

/** Looks until `look` answers something true. */
export async function until(what, look, ms = 15_000) {
  const end = Date.now() + ms
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Makes sure. */
export function check(so, what) {
  if (!so) throw new Error(what)
}
