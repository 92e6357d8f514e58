// Records when the public page's jackpot has changed on the screen: one line a change, with the sequence number it is of
// and the wall-clock time of the frame that shows it.
import { run } from './harness.mjs'
import { ask, say, story } from './story.mjs'

await run(async (browser) => {
  // Motion is reduced: what is timed is the news, not the counting up.
  const page = await browser.newPage()
  await page.exposeFunction('painted', (seq, atMs) => say('painted', { seq, at_ms: atMs }))
  await page.goto(`${story.base}/events/${story.raffle}`)
  await page.waitForSelector('[data-jackpot][data-seq]')
  await page.evaluate(() => {
    const jackpot = document.querySelector('[data-jackpot][data-seq]')
    let seen = jackpot.getAttribute('data-seq')
    new MutationObserver(() => {
      const seq = jackpot.getAttribute('data-seq')
      if (seq === seen) return
      seen = seq
      // The change is on the screen when the frame it was made in is done.
      requestAnimationFrame(() =>
        setTimeout(() => window.painted(Number(seq), performance.timeOrigin + performance.now())),
      )
    }).observe(jackpot, { attributes: true, attributeFilter: ['data-seq'] })
  })
  await ask('watching')
})
