// The harness itself, on pages served from here: a good one passes, each kind of fault is noticed.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Browser } from './harness.mjs'

const page = (body, head = '') =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>` +
  `<meta name="viewport" content="width=device-width">${head}</head><body><main>${body}</main></body></html>`
const PAGES = {
  '/': page('<h1>Jackpot</h1><p>$1,024.00</p>'),
  '/throws': page('<h1>Throws</h1>', '<script src="/throws.js"></script>'),
  '/throws.js': 'setTimeout(() => { throw new Error("boom") })',
  '/inline': page('<h1>Inline</h1>', '<script>window.ran = true</script>'),
  '/unlabelled': page('<h1>Form</h1><input id="amount">'),
  '/wide': page('<h1>Wide</h1><div style="width:2000px">far</div>'),
  '/missing-image': page('<h1>Image</h1><img alt="seal" src="/none.png">'),
}

let server, base, folder, browser
before(async () => {
  server = createServer((request, response) => {
    const body = PAGES[request.url]
    response.writeHead(body === undefined && request.url !== '/favicon.ico' ? 404 : 200, {
      'content-type': request.url.endsWith('.js') ? 'text/javascript' : 'text/html',
      'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'",
    })
    response.end(body ?? '')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${server.address().port}`
  folder = await mkdtemp(join(tmpdir(), 'drumroll-harness-'))
  browser = await Browser.launch({ shots: folder })
})
after(async () => {
  await browser.close()
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true })
})

/** Opens a page, lets `look` look, and returns the problems. */
async function problemsOf(route, look = async () => {}, options = {}) {
  browser.problems = []
  const opened = await browser.newPage(options)
  await opened.goto(base + route, { waitUntil: 'networkidle' })
  await look(opened)
  await opened.context().close()
  return browser.problems
}

test('a good page has no problems, under a strict content security policy too', async () => {
  const problems = await problemsOf('/', async (opened) => {
    assert.deepEqual(await browser.axe(opened), [])
    await browser.checkWidth(opened)
    await browser.shot(opened, 'a good page')
  })
  assert.deepEqual(problems, [])
  assert.ok((await readdir(folder)).includes('a-good-page.png'))
})

test('theme, size and motion are those asked for', async () => {
  await problemsOf(
    '/',
    async (opened) => {
      const seen = await opened.evaluate(() => [
        innerWidth,
        matchMedia('(prefers-color-scheme: dark)').matches,
        matchMedia('(prefers-reduced-motion: reduce)').matches,
      ])
      assert.deepEqual(seen, [390, true, true])
    },
    { viewport: 'phone', theme: 'dark' },
  )
})

for (const [route, complaint] of [
  ['/throws', /uncaught.*boom/],
  ['/inline', /Content Security Policy/],
  ['/missing-image', /404.*none\.png/],
]) {
  test(`${route} is noticed, unless expected`, async () => {
    const problems = await problemsOf(route)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0], complaint)
    assert.deepEqual(await problemsOf(route, undefined, { expect: [complaint] }), [])
  })
}

test('an accessibility fault is noticed, unless its rule is left out', async () => {
  assert.match((await problemsOf('/unlabelled', (opened) => browser.axe(opened)))[0], /label/)
  assert.deepEqual(await problemsOf('/unlabelled', (opened) => browser.axe(opened, { without: ['label'] })), [])
})

test('a page wider than a phone is noticed', async () => {
  const problems = await problemsOf('/wide', (opened) => browser.checkWidth(opened), { viewport: 'phone' })
  assert.match(problems[0], /px wide/)
})

test('shots.mjs makes a picture for each size and theme, and fails on a fault', async () => {
  const shots = (...routes) =>
    new Promise((resolve) => {
      const script = join(import.meta.dirname, 'shots.mjs')
      execFile(process.execPath, [script, '--axe', base, join(folder, 'shots'), ...routes], (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      )
    })
  const good = await shots('/')
  assert.equal(good.code, 0, good.stderr)
  assert.equal((await readdir(join(folder, 'shots'))).length, 6)
  const bad = await shots('/wide')
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /px wide/)
})
