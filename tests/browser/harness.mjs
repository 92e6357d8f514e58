// A real browser for the whole-system tests: Debian's Chromium, driven by playwright-core.
//
// A test is a script that cargo tests start with node; it says what it saw on standard output and exits 0 or 1:
//
//   import { run } from './harness.mjs'
//   await run(async (browser) => {
//     const page = await browser.newPage({ viewport: 'phone', theme: 'dark' })
//     await page.goto(`${base}/`)
//     await browser.axe(page)
//     await browser.shot(page, 'home')
//   })
//
// Anything the page complains about (an uncaught exception, console.error, a refused resource, a content security
// policy violation) fails the run, unless the page was opened with `expect: [/pattern/]` for it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

export const VIEWPORTS = {
  phone: { width: 390, height: 844 },
  tablet: { width: 1024, height: 768 },
  desktop: { width: 1440, height: 900 },
}
export const THEMES = ['light', 'dark']

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Where the browser is; `.ci/setup` looks in the same places. */
export function chromiumPath() {
  const named = process.env.CHROMIUM
  if (named) {
    if (!existsSync(named)) throw new Error(`CHROMIUM names ${named}, which does not exist`)
    return named
  }
  const found = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`).find(existsSync)
  if (!found) throw new Error('no Chromium found: run .ci/setup test, or set CHROMIUM to its program')
  return found
}

export class Browser {
  #browser
  #pages = []
  /** What went wrong so far, as sentences. */
  problems = []

  /** Screenshots go to `shots`, else to DRUMROLL_SHOTS, else to a temporary folder made for the first one. */
  static async launch({ shots = process.env.DRUMROLL_SHOTS } = {}) {
    const self = new Browser()
    self.shots = shots
    self.#browser = await chromium.launch({ executablePath: chromiumPath(), args: FLAGS })
    return self
  }

  /**
   * A page in a context of its own (own cookies, own storage). Motion is reduced unless asked for, so that pictures and
   * contrast checks see the end state. `expect` lists the complaints this page is meant to cause; `context` goes to
   * playwright as it is (locale, timezoneId, storageState, …).
   */
  async newPage({ viewport = 'desktop', theme = 'light', reducedMotion = true, expect = [], context = {} } = {}) {
    const size = typeof viewport === 'string' ? VIEWPORTS[viewport] : viewport
    if (!size) throw new Error(`no viewport is called ${viewport}`)
    const owned = await this.#browser.newContext({
      viewport: size,
      colorScheme: theme,
      reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
      locale: 'en-US',
      timezoneId: 'UTC',
      hasTouch: size.width < 600,
      ...context,
    })
    const page = await owned.newPage()
    page.setDefaultTimeout(15_000)
    const complain = (what) => {
      if (!expect.some((pattern) => pattern.test(what))) this.problems.push(what)
    }
    page.on('pageerror', (error) => complain(`uncaught on ${page.url()}: ${error.message}`))
    page.on('crash', () => complain(`the page crashed: ${page.url()}`))
    page.on('console', (message) => {
      if (message.type() !== 'error') return
      const from = message.location().url
      complain(`console on ${page.url()}: ${message.text()}${from && from !== page.url() ? ` (${from})` : ''}`)
    })
    this.#pages.push(page)
    return page
  }

  /** Writes `name`.png and returns its path. */
  async shot(page, name, { fullPage = false } = {}) {
    this.shots ??= mkdtempSync(join(tmpdir(), 'drumroll-shots-'))
    mkdirSync(this.shots, { recursive: true })
    const path = join(this.shots, `${name.replace(/[^A-Za-z0-9._-]+/g, '-')}.png`)
    await page.screenshot({ path, fullPage, animations: 'disabled' })
    return path
  }

  /**
   * Looks for accessibility faults (WCAG 2.2 A and AA, and axe's best practices); each becomes a problem of the run.
   * Returns axe's violations. `without` names rules to leave out, with the reason beside it in the test.
   */
  async axe(page, { without = [], selector } = {}) {
    // By the debugging protocol, not a script tag: the pages forbid inline scripts, and should.
    const session = await page.context().newCDPSession(page)
    const evaluate = async (expression) => {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      })
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      return result.value
    }
    try {
      await evaluate(`${axeSource};undefined`)
      const options = {
        resultTypes: ['violations'],
        rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
      }
      const target = selector ? JSON.stringify(selector) : 'document'
      const violations = await evaluate(
        `axe.run(${target}, ${JSON.stringify(options)}).then(({ violations }) => violations.map((v) => ` +
          `({ id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.target.join(' ')) })))`,
      )
      for (const v of violations) {
        this.problems.push(`accessibility on ${page.url()}: ${v.help} (${v.id}, ${v.impact}): ${v.nodes.join('; ')}`)
      }
      return violations
    } finally {
      await session.detach()
    }
  }

  /** Something wider than the screen: on a phone it means scrolling sideways. */
  async checkWidth(page) {
    const [content, screen] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ])
    if (content > screen) this.problems.push(`${page.url()} is ${content} px wide on a screen of ${screen} px`)
  }

  /** A picture of every page still open, for a run that failed. */
  async lastWords() {
    const paths = []
    for (const [index, page] of this.#pages.entries()) {
      if (page.isClosed()) continue
      paths.push(await this.shot(page, `failed-${process.pid}-${index}`).catch((error) => `no picture: ${error.message}`))
    }
    return paths
  }

  async close() {
    await this.#browser.close()
  }
}

/** Runs `script` with a browser, reports every problem, and ends the process: 0 when there was none, else 1. */
export async function run(script, options) {
  const browser = await Browser.launch(options)
  try {
    await script(browser)
  } catch (error) {
    browser.problems.push(`the script stopped: ${error.stack ?? error}`)
  }
  if (browser.problems.length > 0) {
    for (const problem of browser.problems) console.error(`- ${problem}`)
    for (const path of await browser.lastWords()) console.error(`  see ${path}`)
  }
  await browser.close()
  process.exit(browser.problems.length > 0 ? 1 : 0)
}
