// One whole event as people see it: the administrator runs it in the admin interface, the public watches a phone and the
// big screen, and nobody reloads a page. Every screen is looked at on phone, tablet and desktop, and for accessibility.
import { VIEWPORTS, run } from './harness.mjs'
import { ask, check, say, story, until } from './story.mjs'

const { base, login, oneTime, password } = story

await run(async (browser) => {
  const admin = await browser.newPage({ viewport: 'desktop' })

  /** A picture at every size, and axe at the smallest and the largest. */
  const look = async (page, name, { sizes = Object.keys(VIEWPORTS), selector } = {}) => {
    const before = page.viewportSize()
    for (const size of sizes) {
      await page.setViewportSize(VIEWPORTS[size])
      await page.waitForTimeout(60) // one layout
      if (size !== 'tablet') await browser.axe(page, { selector })
      await browser.checkWidth(page)
      await browser.shot(page, `${name}--${size}`)
    }
    await page.setViewportSize(before)
    say('looked', { name })
  }
  const heading = (page, name) => page.getByRole('heading', { name, level: 1 }).waitFor()
  const field = (page, label) => page.getByLabel(label, { exact: true })
  const press = (page, name) => page.getByRole('button', { name, exact: true }).click()
  const confirm = async (name, fill = async () => {}) => {
    const dialog = admin.getByRole('dialog')
    await dialog.waitFor()
    await fill(dialog)
    await dialog.getByRole('button', { name, exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }
  const reason = (text) => (dialog) => dialog.getByLabel('Reason', { exact: true }).fill(text)

  // --- the administrator arrives ------------------------------------------------------------------------------------
  await admin.goto(`${base}/admin/`)
  await heading(admin, 'Sign in')
  await look(admin, 'admin-login')
  await field(admin, 'User name').fill(login)
  await field(admin, 'Password').fill(oneTime)
  await press(admin, 'Sign in')
  await heading(admin, 'Choose your own password')
  await look(admin, 'admin-password')
  await field(admin, 'One-time password').fill(oneTime)
  await field(admin, 'New password').fill(password)
  await field(admin, 'New password again').fill(password)
  await press(admin, 'Change password')
  await heading(admin, 'Events')
  await look(admin, 'admin-events-empty')

  // --- an event is set up and opened --------------------------------------------------------------------------------
  await admin.getByRole('button', { name: 'New event' }).or(admin.getByRole('link', { name: 'New event' })).first().click()
  const create = admin.getByRole('dialog')
  await create.getByLabel('Name fans will see', { exact: true }).fill('Hawks vs. Kodiaks')
  await look(admin, 'admin-new-event')
  await create.getByRole('button', { name: 'Create event' }).click()
  await heading(admin, 'Set up')
  await press(admin, 'Add a venue…')
  await confirm('Add venue', async (dialog) => {
    await dialog.getByLabel('Venue name', { exact: true }).fill('Harbour Arena')
    await dialog.getByLabel('Time zone', { exact: true }).fill('America/Halifax')
  })
  const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
  await field(admin, 'Organisation on the ticket').fill('Northern Lights Foundation')
  await field(admin, 'Location on the ticket').fill('Halifax, Nova Scotia')
  await field(admin, 'Licence number').fill('L-2027-0001')
  await field(admin, 'Sales open on').fill(day(-2))
  await field(admin, 'Sales open at').fill('08:00')
  await field(admin, 'Sales close on').fill(day(2))
  await field(admin, 'Sales close at').fill('20:45')
  await press(admin, 'Save set-up')
  await admin.getByText('Saved. Nothing is on sale until you open it.').waitFor()
  await look(admin, 'admin-set-up')
  await press(admin, 'Open sales…')
  await confirm('Open sales')
  await admin.waitForURL('**/sell')
  const raffle = new URL(admin.url()).pathname.split('/')[3]
  await admin.getByRole('heading', { name: /Jackpot/ }).waitFor()

  // --- the public comes; from here on no page is reloaded -----------------------------------------------------------
  const phone = await browser.newPage({ viewport: 'phone' })
  await phone.goto(`${base}/`)
  await heading(phone, 'Events')
  await look(phone, 'public-events')
  await phone.getByRole('link', { name: /Hawks vs\. Kodiaks/ }).first().click()
  const jackpot = phone.locator('[data-jackpot]').first()
  await jackpot.waitFor()
  const screen = await browser.newPage({ viewport: { width: 1920, height: 1080 } })
  await screen.goto(`${base}/events/${raffle}/display`)
  await screen.locator('[data-jackpot]').first().waitFor()
  for (const page of [admin, phone, screen]) await page.evaluate(() => (window.never_reloaded = true))

  const minor = async (page) => Number(await page.locator('[data-jackpot]').first().getAttribute('data-jackpot-minor'))
  const before = await minor(phone)
  const onBoard = () => admin.locator('.jack .big').innerText()
  const boardBefore = await onBoard()
  await ask('selling', { raffle, jackpot: before })
  await until('the jackpot moves on the phone', async () => (await minor(phone)) > before, 60_000)
  await until('the jackpot moves on the big screen', async () => (await minor(screen)) > before)
  await until('the jackpot moves on the board', async () => (await onBoard()) !== boardBefore)
  const digits = (await jackpot.getAttribute('data-shown-minor')) ?? ''
  say('moved', { from: before, to: await minor(phone), shown: Number(digits) })

  const countdown = phone.locator('[data-countdown]').first()
  const first = Number(await countdown.getAttribute('data-countdown'))
  await until('the countdown counts', async () => Number(await countdown.getAttribute('data-countdown')) < first)
  await look(phone, 'public-event-selling')
  await look(screen, 'public-display-selling', { sizes: ['desktop'] })
  await look(admin, 'admin-board')

  // --- a purchase, and its ticket -----------------------------------------------------------------------------------
  const form = phone.locator('section.buy form')
  await form.getByRole('button', { name: /^Buy / }).click()
  const paid = phone.locator('.oc[data-order="paid"]')
  await paid.waitFor()
  const order = await paid.getAttribute('data-key')
  await look(phone, 'public-bought')
  await paid.getByRole('link', { name: 'Open the ticket' }).click()
  await phone.waitForURL('**/tickets/*')
  const validation = decodeURIComponent(new URL(phone.url()).pathname.split('/').pop())
  await phone.getByText('You are in the draw').first().waitFor()
  const bare = (text) => text.replace(/[^0-9A-Z]/g, '')
  check(bare(await phone.locator('body').innerText()).includes(bare(validation)), `the ticket shows its validation number, ${validation}`)
  await look(phone, 'public-ticket')
  await phone.goBack()
  await jackpot.waitFor()
  say('bought', { outcome: 'pay', key: order, validation })

  // --- the ticket is looked up and voided ---------------------------------------------------------------------------
  await admin.getByRole('link', { name: 'Look up a ticket' }).or(admin.getByRole('link', { name: 'Tickets', exact: true })).first().click()
  await admin.getByLabel('Validation number or order key', { exact: true }).fill(validation)
  await press(admin, 'Look up')
  await admin.getByRole('button', { name: 'Void ticket…' }).waitFor()
  await look(admin, 'admin-ticket')
  await press(admin, 'Void ticket…')
  await look(admin, 'admin-void-dialog', { sizes: ['phone', 'desktop'] })
  await confirm('Void ticket', reason('bought twice by mistake'))
  await admin.getByText('A voided ticket stays voided.').waitFor()
  // Handhelds go on selling, so the jackpot may be higher than before although it fell: the ticket itself tells.
  const holder = await browser.newPage({ viewport: 'phone' })
  await holder.goto(`${base}/tickets/${validation}`)
  await holder.getByText('This ticket is void').first().waitFor()
  await look(holder, 'public-ticket-void', { sizes: ['phone'] })
  await holder.context().close()
  say('voided', { validation })

  // --- the other pages ----------------------------------------------------------------------------------------------
  for (const [path, title] of [
    [`events/${raffle}/report`, 'Sales report'],
    ['handhelds', 'Handhelds'],
    ['people', 'People'],
    ['log', 'Event log'],
  ]) {
    const page = await browser.newPage({ context: { storageState: await admin.context().storageState() } })
    await page.goto(`${base}/admin/${path}`)
    // A tab of its own may have to sign in again; that is a screen of its own, too.
    const signIn = page.getByRole('heading', { name: 'Sign in', level: 1 })
    await signIn.or(page.getByRole('heading', { name: title, level: 1 })).waitFor()
    if (await signIn.isVisible()) {
      await field(page, 'User name').fill(login)
      await field(page, 'Password').fill(password)
      await press(page, 'Sign in')
    }
    await heading(page, title)
    await look(page, `admin-${path.split('/').pop()}`)
    await page.context().close()
  }

  // --- the close ----------------------------------------------------------------------------------------------------
  const step = (name) => admin.getByRole('navigation', { name: 'Run of show' }).getByRole('link', { name: new RegExp(`^${name}`) }).click()
  await step('Close')
  await look(admin, 'admin-close-before')
  await press(admin, 'Close early…')
  await confirm('Announce the close', async (dialog) => {
    await dialog.getByText('Now, without a countdown').click()
    await reason('the game ended early')(dialog)
  })
  await phone.getByText('Sales are closed').first().waitFor()
  await screen.getByText('Sales are closed').first().waitFor()
  await look(admin, 'admin-closing')
  await look(phone, 'public-closed')
  await look(screen, 'public-display-closed', { sizes: ['desktop'] })
  await ask('closed', { raffle })

  // --- reconciliation and acknowledgement ---------------------------------------------------------------------------
  await step('Reconcile')
  await heading(admin, 'Reconcile')
  const begin = admin.getByRole('button', { name: 'Start reconciling' })
  if (await begin.isVisible()) await begin.click()
  // Each misprint is decided about on its ticket's page.
  const misprints = admin.locator('section', { has: admin.getByRole('heading', { name: /^Misprinted tickets/ }) })
  const calm = admin.getByText('Nothing is in the way.')
  await misprints.or(calm).first().waitFor()
  while ((await misprints.count()) > 0) {
    await misprints.getByRole('link').first().click()
    await press(admin, 'Clear the misprint…')
    await confirm('Clear misprint', reason('readable after all'))
    await step('Reconcile')
    await misprints.or(calm).first().waitFor()
  }
  await calm.waitFor()
  await admin.getByText('Balances exactly').waitFor()
  await look(admin, 'admin-reconcile')
  await admin.getByRole('checkbox').check()
  await press(admin, 'Confirm the counts')
  await admin.getByRole('link', { name: 'Go to the draw' }).click()

  // --- the draw -----------------------------------------------------------------------------------------------------
  await heading(admin, 'Draw')
  await look(admin, 'admin-draw-before')
  await press(admin, 'Seal the sold list…')
  await look(admin, 'admin-seal-dialog', { sizes: ['phone', 'desktop'] })
  await confirm('Seal for good')
  await phone.getByText('The list is sealed').first().waitFor()
  await look(phone, 'public-sealed')
  await look(screen, 'public-display-sealed', { sizes: ['desktop'] })
  await look(admin, 'admin-sealed')
  await press(admin, 'Draw the winners')
  await admin.getByRole('heading', { name: 'The winners' }).waitFor()
  await look(admin, 'admin-drawn')
  check((await phone.locator('[data-winning-number]').count()) === 0, 'no number is public before the publication')
  await admin.getByRole('link', { name: 'Go on to publish' }).click()
  await heading(admin, 'Publish')
  const { draws } = await (await fetch(`${base}/api/v1/raffles/${raffle}`)).json()
  await admin.getByLabel('Last four characters of the seal', { exact: true }).fill(draws[0].lock_hash.slice(-4))
  await look(admin, 'admin-publish-before')
  await press(admin, 'Publish the result')

  // --- the result, on every screen at once --------------------------------------------------------------------------
  const winning = phone.locator('[data-winning-number]').first()
  await winning.waitFor()
  const number = Number(await winning.getAttribute('data-winning-number'))
  await admin.getByText('The result is on every screen.').waitFor()
  const seen = await (await fetch(`${base}/api/v1/raffles/${raffle}`)).json()
  check(seen.draws[0].winners.some((winner) => winner.number === number), `the phone shows a winner: ${number}`)
  const last = String(number).slice(-3)
  await until('the big screen shows the number', async () => (await screen.locator('body').innerText()).replace(/[^0-9]/g, '').includes(last), 60_000)
  await look(phone, 'public-published')
  await look(screen, 'public-display-published', { sizes: ['desktop'] })
  await look(admin, 'admin-published')
  for (const page of [admin, phone, screen]) {
    check(await page.evaluate(() => window.never_reloaded === true), `${page.url()} was reloaded`)
  }
  const [download] = await Promise.all([phone.waitForEvent('download'), phone.getByRole('link', { name: /Download the record/ }).click()])
  await ask('published', { raffle, number, transcript: await download.path(), plan: draws[0].plan_hash })
})
