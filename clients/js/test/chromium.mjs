// Starts Debian's Chromium for tests: headless, without a sandbox or anything that looks for hosts of its own.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find((path) => path && existsSync(path))

export const startChromium = () => chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
})

/** A browser window of its own, as one person's; `problems` gathers what its console says of errors. */
export async function person (browser, server, id, options = {}, address = '#document=sub%2Fteam.chat') {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  await context.addInitScript((user) => localStorage.setItem('chatdoc.user', user), id)
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const problems = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => { if (message.type() === 'error' && !/net::ERR_|WebSocket connection/.test(message.text())) problems.push(message.text()) })
  await page.goto(`${server}/${address}`)
  return { context, page, problems, id }
}
