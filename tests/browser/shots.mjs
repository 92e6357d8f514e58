// Pictures of routes on phone, tablet and desktop, light and dark, for people to look at.
//
//   node shots.mjs [--axe] [--full] [--before FILE.mjs] BASE_URL OUT_DIR ROUTE…
//
//   --axe     also looks for accessibility faults
//   --full    the whole page, not only the first screen
//   --before  a module whose default export `async (page, baseUrl)` prepares each page (a login, for example)
//
// Exits 1 when a page complains, answers with an error or is wider than its screen; the pictures are made all the same.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { run, THEMES, VIEWPORTS } from './harness.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { axe: { type: 'boolean' }, full: { type: 'boolean' }, before: { type: 'string' } },
})
const [base, out, ...routes] = positionals
if (!base || !out || routes.length === 0) {
  console.error('usage: node shots.mjs [--axe] [--full] [--before FILE.mjs] BASE_URL OUT_DIR ROUTE…')
  process.exit(2)
}
const before = values.before ? (await import(pathToFileURL(resolve(values.before)))).default : async () => {}

await run(
  async (browser) => {
    for (const viewport of Object.keys(VIEWPORTS)) {
      for (const theme of THEMES) {
        for (const route of routes) {
          const page = await browser.newPage({ viewport, theme })
          await before(page, base)
          const response = await page.goto(new URL(route, base).href)
          if (response && !response.ok()) browser.problems.push(`${response.url()} answered ${response.status()}`)
          await page.evaluate(() => document.fonts.ready)
          // A live page may never be quiet; two seconds are enough to have fetched its first data.
          await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => {})
          await browser.checkWidth(page)
          if (values.axe) await browser.axe(page)
          const name = route.replace(/^\/+|\/+$/g, '') || 'home'
          console.log(await browser.shot(page, `${name}--${viewport}-${theme}`, { fullPage: values.full }))
          await page.context().close()
        }
      }
    }
  },
  { shots: out },
)
