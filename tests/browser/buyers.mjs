// Buyers on the public page of a live event: one pays, one is declined, one's provider never answers, one's answers late,
// one clicks twice. Each says the key of its order, for the auditor.
import { run } from './harness.mjs'
import { check, say, story } from './story.mjs'

const { base, raffle } = story

await run(async (browser) => {
  const buyers = [
    { outcome: 'pay', viewport: 'phone', phase: 'paid' },
    { outcome: 'pay', viewport: 'desktop', phase: 'paid', twice: true },
    { outcome: 'decline', viewport: 'phone', phase: 'declined', expect: [/402/] },
    { outcome: 'late_webhook', viewport: 'tablet', phase: 'paid' },
    { outcome: 'timeout', viewport: 'phone', phase: 'pending' },
  ]
  await Promise.all(buyers.map((buyer) => buy(browser, buyer)))
})

async function buy(browser, { outcome, viewport, phase, twice = false, expect = [] }) {
  const page = await browser.newPage({ viewport, expect })
  page.setDefaultTimeout(45_000)
  const keys = new Set()
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/purchase')) {
      keys.add(request.headers()['idempotency-key'])
    }
  })
  await page.goto(`${base}/events/${raffle}`)
  const form = page.locator('section.buy form')
  await form.waitFor()
  await form.locator(`input[name=outcome][value=${outcome}]`).check({ force: true })
  check((await form.innerText()).includes('TEST payment'), 'the test provider is labelled')
  const button = form.getByRole('button', { name: /^Buy / })
  if (twice) await button.dblclick()
  else await button.click()
  const card = page.locator(`.oc[data-order="${phase}"]`)
  await card.waitFor()
  const key = await card.getAttribute('data-key')
  check(keys.size === 1 && keys.has(key), `one order, one key: ${[...keys]} against ${key}`)
  let numbers = null
  if (phase === 'paid') {
    numbers = (await card.innerText()).replace(/\s+/g, ' ')
    check(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/.test(numbers.replace(/ - /g, '-')), `a ticket shows its validation number: ${numbers}`)
  }
  await browser.checkWidth(page)
  await browser.shot(page, `event-buyer-${twice ? 'twice' : outcome}--${viewport}`)
  say('bought', { outcome, key, twice })
  await page.context().close()
}
