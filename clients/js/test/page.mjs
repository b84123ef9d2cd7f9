// Scenes in one real Chromium on the real page of a real server, one after the other: each line of standard input is
// ["NAME", "SERVER", …] as JSON, and each is answered by one line: null, or what was wrong.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { startChromium, person } from './chromium.mjs'
import { CuttingProxy } from './cutting_proxy.mjs'

let server, rest
const browser = await startChromium()
const texts = ({ page }) => page.locator('.message .text').allTextContents()
const connected = ({ page }) => page.waitForSelector('#connection[data-is=synced]')
const write = async ({ page }, text) => {
  await page.locator('#composer-text').fill(text)
  await page.keyboard.press('Enter')
}
async function until (what, look, show = () => '') {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 30))) if (await look()) return
  throw new Error(`waited in vain until ${what}: ${JSON.stringify(await show())}`)
}
const shows = (one, wanted) => until(`${one.id} sees ${JSON.stringify(wanted)}`, async () => JSON.stringify(await texts(one)) === JSON.stringify(wanted), () => texts(one))
const fine = (...people) => { for (const { id, problems } of people) assert.deepEqual(problems, [], `${id}'s console`) }
async function openFirst (one) {
  await connected(one)
  await one.page.locator('#thread-list a').first().click()
  await one.page.waitForSelector('.message')
}

const scenes = {
  async 'two tabs that were offline meet again' () {
    const proxies = await Promise.all(['ada', 'bob'].map(() => new CuttingProxy(server).listen()))
    const [ada, bob] = await Promise.all(proxies.map((proxy, at) => person(browser, proxy.url.slice(0, -1), ['ada', 'bob'][at])))
    await connected(ada)
    await ada.page.getByRole('button', { name: 'New thread' }).click()
    await ada.page.getByLabel('First message').fill('Hello')
    await ada.page.getByRole('button', { name: 'Start' }).click()
    await shows(ada, ['Hello'])
    await openFirst(bob)
    await until('bob sees that ada is here', async () => (await bob.page.locator('#peers li').count()) === 1)
    for (const proxy of proxies) proxy.offline()
    for (const one of [ada, bob]) await one.page.getByText('No connection.').waitFor()
    for (const n of [1, 2]) for (const one of [ada, bob]) await write(one, `${one.id} ${n}`)
    await shows(ada, ['Hello', 'ada 1', 'ada 2'])
    await ada.page.getByText('2 changes wait and will be sent.').waitFor()
    for (const proxy of proxies) proxy.online()
    for (const one of [ada, bob]) await connected(one)
    await until('both have all five', async () => (await texts(ada)).length === 5 && JSON.stringify(await texts(ada)) === JSON.stringify(await texts(bob)), () => texts(bob))
    for (const id of ['ada', 'bob']) assert.deepEqual((await texts(ada)).filter((one) => one.startsWith(id)), [`${id} 1`, `${id} 2`])
    await until('no notice is left', async () => (await ada.page.locator('.banner').count()) === 0)
    fine(ada, bob)
    for (const proxy of proxies) proxy.close()
  },

  async 'the list of documents follows the folder' () {
    const [folder] = rest
    // Without a document: one that was looked at is in the list for as long as the server has it open.
    const ada = await person(browser, server, 'ada', {}, '')
    const listed = () => ada.page.locator('#document-list a').allTextContents()
    await until('none is listed', async () => (await listed()).length === 0)
    writeFileSync(`${folder}/made.chat`, '')
    await until('what another made is listed', async () => JSON.stringify(await listed()) === '["made.chat"]', listed)
    await ada.page.locator('#document-list a').focus()
    writeFileSync(`${folder}/later.chat`, '')
    await until('the next is listed, too', async () => (await listed()).length === 2, listed)
    assert.equal(await ada.page.evaluate(() => document.activeElement?.textContent), 'made.chat', 'the focus stays where it was')
    for (const one of ['made', 'later']) rmSync(`${folder}/${one}.chat`)
    await until('what was removed is gone', async () => await ada.page.locator('#document-list').isHidden())
    fine(ada)
  },

  async 'what waits when a page is closed is sent when it is opened again' () {
    const proxy = await new CuttingProxy(server).listen()
    const ada = await person(browser, proxy.url.slice(0, -1), 'ada')
    await openFirst(ada)
    proxy.offline()
    await ada.page.getByText('No connection.').waitFor()
    await write(ada, 'written offline')
    await ada.page.getByText('One change waits').waitFor()
    await ada.page.close()
    proxy.online()
    ada.page = await ada.context.newPage()
    await ada.page.goto(`${proxy.url}#document=sub%2Fteam.chat`)
    await openFirst(ada)
    await until('it is there', async () => (await texts(ada)).filter((one) => one === 'written offline').length === 1 && (await ada.page.locator('.pending').count()) === 0)
    proxy.close()
  },

  async 'two tabs of one browser send what either wrote once' () {
    const proxy = await new CuttingProxy(server).listen()
    const ada = await person(browser, proxy.url.slice(0, -1), 'ada')
    await openFirst(ada)
    const other = { ...ada, page: await ada.context.newPage() }
    await other.page.goto(proxy.url)
    await other.page.waitForSelector('#document-list a')
    proxy.offline()
    await ada.page.getByText('No connection.').waitFor()
    await write(ada, 'from the first')
    await ada.page.getByText('One change waits').waitFor()
    // The second tab was there, and only now opens the document.
    await other.page.evaluate(() => { location.hash = '#document=sub%2Fteam.chat' })
    await other.page.getByText('One change waits').waitFor()
    proxy.online()
    for (const one of [ada, other]) await connected(one)
    await openFirst(other)
    await write(other, 'from the second')
    for (const one of [ada, other]) {
      await until('each stands once', async () => JSON.stringify((await texts(one)).slice(-2)) === JSON.stringify(['from the first', 'from the second']) && (await one.page.locator('.pending').count()) === 0, () => texts(one))
    }
    assert.equal(await ada.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('chatdoc:')).length), 0)
    proxy.close()
  },

  async 'an answer streams and is stopped' () {
    const ada = await person(browser, server, 'ada')
    await openFirst(ada)
    await until('the pieces are shown', async () => (await texts(ada)).at(-1) === 'One two ')
    await ada.page.getByRole('button', { name: 'Stop' }).click()
    await ada.page.getByText('Interrupted by the user.').waitFor()
    assert.equal(await ada.page.getByRole('button', { name: 'Stop' }).count(), 0)
    fine(ada)
  },

  async 'everything can be done from the keyboard' () {
    const ada = await person(browser, server, 'ada')
    await connected(ada)
    const { keyboard } = ada.page
    const tabTo = (what) => until(`the focus is on ${what}`, async () => {
      await keyboard.press('Tab')
      return (await ada.page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute('name'))) === what
    })
    await tabTo('New thread')
    await keyboard.press('Enter')
    await keyboard.type('Plan')
    await keyboard.press('Tab')
    await keyboard.type('first')
    await tabTo('Start')
    await keyboard.press('Enter')
    await shows(ada, ['first'])
    await until('one can write', () => ada.page.evaluate(() => document.activeElement?.id === 'composer-text'))
    await keyboard.type('second')
    await keyboard.press('Shift+Enter')
    await keyboard.type('line')
    await keyboard.press('Enter')
    await shows(ada, ['first', 'second\nline'])
    await until('it is sent', async () => (await ada.page.locator('.pending').count()) === 0)
    await keyboard.press('ArrowUp')
    await until('the editor is open', () => ada.page.evaluate(() => document.activeElement?.getAttribute('aria-label') === 'New text of the message'))
    await keyboard.press('Control+A')
    await keyboard.type('changed')
    await keyboard.press('Enter')
    await shows(ada, ['first', 'changed'])
    await until('that is sent', async () => (await ada.page.locator('.pending').count()) === 0)
    await ada.page.getByRole('button', { name: 'edited' }).focus()
    await keyboard.press('Enter')
    await until('its history is shown', async () => JSON.stringify(await ada.page.locator('#history-list p').allTextContents()) === JSON.stringify(['changed', 'second\nline']))
    await keyboard.press('Escape')
    await until('the dialog is closed', async () => !(await ada.page.locator('#history').isVisible()))
    const address = ada.page.url()
    await ada.page.locator('.skip').focus()
    await keyboard.press('Enter')
    await until('one is at the composer', () => ada.page.evaluate(() => document.activeElement?.id === 'composer-text'))
    assert.equal(ada.page.url(), address, 'the way to the composer leads out of no chat')
    await ada.page.getByRole('button', { name: 'Delete, message of ada' }).last().focus()
    await keyboard.press('Enter')
    await until('the focus is on what gives it back', () => ada.page.evaluate(() => document.activeElement?.textContent === 'Restore'), () => ada.page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80)))
    fine(ada)
  },

  async 'what was deleted can be restored' () {
    const ada = await person(browser, server, 'ada')
    await openFirst(ada)
    await ada.page.locator('.message').first().hover()
    await ada.page.getByRole('button', { name: 'Delete, message of ada' }).click()
    await shows(ada, ['Deleted by ada.', 'What is there?'])
    await ada.page.getByRole('button', { name: 'Restore, message of ada' }).click()
    await shows(ada, ['Question', 'What is there?'])
    await write(ada, 'said by mistake')
    await until('it is sent', async () => (await texts(ada)).length === 3 && (await ada.page.locator('.pending').count()) === 0)
    await ada.page.getByRole('button', { name: 'Reply, message of ada' }).last().focus()
    await ada.page.keyboard.press('Enter')
    await write(ada, 'an answer')
    await until('the answer is sent', async () => (await texts(ada)).length === 4 && (await ada.page.locator('.pending').count()) === 0)
    await until('it is quoted', async () => /said by mistake/.test(await ada.page.locator('.quote').textContent()))
    await ada.page.getByRole('button', { name: 'Delete, message of ada' }).nth(1).focus()
    await ada.page.keyboard.press('Enter')
    await until('nothing on the page says what was deleted', async () => !/said by mistake/.test(await ada.page.locator('main').innerText()), () => ada.page.locator('main').innerText())
    assert.equal(await ada.page.locator('.quote').textContent(), '↪ ada: deleted')
    await ada.page.getByRole('button', { name: 'Settings' }).click()
    await ada.page.getByRole('button', { name: 'Delete thread' }).click()
    await until('the list is empty', async () => (await ada.page.locator('#thread-list a').count()) === 0)
    await ada.page.getByRole('button', { name: 'Show 1 deleted' }).click()
    await ada.page.locator('#thread-list a').click()
    await ada.page.getByText('This thread was deleted by ada.').waitFor()
    await ada.page.getByRole('button', { name: 'Restore', exact: true }).click()
    await until('the notice is gone', async () => (await ada.page.locator('.banner').count()) === 0)
    await until('it is in the list', async () => (await ada.page.locator('#thread-list .chip').count()) === 0)
    fine(ada)
  },

  async 'a chat that can only be read says so' () {
    const ada = await person(browser, server, 'ada')
    await connected(ada)
    await ada.page.getByText('This chat can only be read: ').waitFor()
    await ada.page.locator('#thread-list a').first().click()
    await until('the messages are there', async () => (await texts(ada)).includes('two'), () => texts(ada))
    for (const name of ['New thread', 'Settings', 'Send', 'Reply, message of ada']) {
      assert.equal(await ada.page.getByRole('button', { name }).count(), 0, name)
    }
    fine(ada)
  },

  async 'a chat that cannot be opened says why, and is there once it can be' () {
    const [folder] = rest
    const ada = await person(browser, server, 'ada')
    await ada.page.getByText('The server ended the connection: expected a chat').waitFor()
    rmSync(`${folder}/sub/team.chat`)
    await connected(ada)
    await until('no notice is left', async () => (await ada.page.locator('.banner').count()) === 0)
    fine(ada)
  },

  async 'earlier messages come in above what is read' () {
    const ada = await person(browser, server, 'ada')
    await openFirst(ada)
    await until('the newest are there', async () => (await texts(ada)).length === 200)
    await ada.page.locator('#scroll').evaluate((box) => { box.scrollTop = 0 })
    const [oldest] = await texts(ada)
    const place = async () => Math.round((await ada.page.locator('.message', { hasText: oldest }).first().boundingBox()).y)
    const before = await place()
    await ada.page.getByRole('button', { name: 'Show earlier messages' }).focus()
    await ada.page.keyboard.press('Enter')
    await until('all are there', async () => (await texts(ada)).length === 252)
    assert.ok(Math.abs(await place() - before) < 60, `it was at ${before} and is at ${await place()}`)
    assert.equal(await ada.page.evaluate(() => document.activeElement?.id), 'scroll', 'the keyboard goes on where the button was')
    fine(ada)
  },

  async 'a chat whose file is gone says so' () {
    const [folder] = rest
    const ada = await person(browser, server, 'ada')
    await openFirst(ada)
    rmSync(`${folder}/sub/team.chat`)
    await write(ada, 'kept all the same')
    await ada.page.getByText('This chat is not written to its file: sub/team.chat was deleted while it was open.').waitFor()
    fine(ada)
  },

  async 'content is inert' () {
    const ada = await person(browser, server, 'ada')
    await openFirst(ada)
    await ada.page.waitForTimeout(300)
    assert.equal(await ada.page.evaluate(() => 'broken' in window), false)
    assert.equal(await ada.page.locator('.message img, .message script, .message svg, .message iframe').count(), 0)
    const links = await ada.page.locator('.message .text a').evaluateAll((found) => found.map((link) => [link.protocol, link.rel]))
    assert.deepEqual(links, [['https:', 'noopener noreferrer']])
    fine(ada)
  },

  async 'a refusal and a broken rule are shown' () {
    const ada = await person(browser, server, 'ada')
    await openFirst(ada)
    await ada.page.getByText('This chat breaks a rule: orphan_message').waitFor()
    await ada.page.getByRole('button', { name: 'Reply, message of bob' }).last().focus()
    await ada.page.keyboard.press('Enter')
    assert.match(await ada.page.locator('#replying').innerText(), /^Reply to bob/)
    const eve = await person(browser, server, 'e'.repeat(300))
    await openFirst(eve)
    await write(eve, 'too long a name')
    await eve.page.getByText(/^Not done: “too long a name”. send: expected sender_id/).waitFor()
    assert.ok(!(await texts(eve)).includes('too long a name'))
    await eve.page.getByRole('button', { name: 'Write it again' }).click()
    assert.equal(await eve.page.locator('#composer-text').inputValue(), 'too long a name')
    await until('the notice is gone', async () => (await eve.page.getByText(/^Not done/).count()) === 0)
    fine(ada, eve)
  },

  async 'old chats read at a glance' () {
    const ada = await person(browser, server, 'ada', {}, '#document=sub%2Fteam.sage-chat')
    await connected(ada)
    const row = (title) => ada.page.locator('#thread-list a', { hasText: title })
    await row('Release plan').waitFor()
    assert.match(await row('Release plan').textContent(), /2023.*pinned/s)
    assert.match(await row('yes: $x^3$').locator('time').textContent(), /2013/)
    assert.equal(await row('yes: $x^3$').locator('.last').textContent(), 'Bob K.: yes: $x^3$')
    assert.match(await row('The deadline is Friday').locator('.last').textContent(), /^c2a4b0f6…: The deadline/)
    await row('yes: $x^3$').click()
    await ada.page.waitForSelector('.message')
    assert.match(await ada.page.locator('.message time').textContent(), /2013.*:/)
    assert.equal(await ada.page.locator('.message .who').getAttribute('title'), 'name:Bob K.')
    fine(ada)
  },

  async 'a new chat gets the ending of one' () {
    const ada = await person(browser, server, 'ada', {}, '')
    await ada.page.getByLabel('New chat').fill('release v1.2')
    await ada.page.keyboard.press('Enter')
    await connected(ada)
    assert.equal(await ada.page.locator('#path').textContent(), 'release v1.2.chat')
    await ada.page.locator('.brand').click()
    const field = ada.page.getByLabel('New chat')
    for (const name of ['../up', '.hidden', 'sub/.hidden', 'sub/', 'a\\b', '/etc']) {
      await field.fill(name)
      await ada.page.keyboard.press('Enter')
      assert.equal(await field.evaluate((one) => one.validity.patternMismatch), true, name)
    }
    await ada.page.waitForTimeout(100)
    assert.equal(await ada.page.locator('#path').textContent(), '', 'no name that a server refuses is gone to')
    await field.fill('sub/v1.2 …')
    assert.equal(await field.evaluate((one) => one.validity.valid), true)
    fine(ada)
  },

  async 'a server that asks for a token is given one' () {
    const ada = await person(browser, server, 'ada')
    await ada.page.getByText('The server does not know you.').waitFor()
    await ada.page.getByRole('button', { name: 'Sign in' }).click()
    await ada.page.getByLabel(/^Token/).fill('ada-token')
    await ada.page.getByRole('button', { name: 'Go on' }).click()
    await connected(ada)
    assert.ok(!ada.page.url().includes('ada-token'))
    await ada.page.reload()
    await connected(ada)
    const bob = await person(browser, server, 'bob', {}, '')
    await bob.page.getByText('This server asks for a token.').waitFor()
    await bob.page.getByLabel(/^Token/).fill('mistyped')
    await bob.page.getByRole('button', { name: 'Go on' }).click()
    await bob.page.getByText('The server did not take the token.').waitFor()
  },

  async 'the page is accessible in every form' () {
    const [pictures] = rest
    const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
    const found = []
    const forms = [1280, 400].flatMap((width) => ['light', 'dark'].map((colorScheme) => ({ width, colorScheme })))
    await Promise.all(forms.map(async ({ width, colorScheme }) => {
      const one = await person(browser, server, 'bob', { viewport: { width, height: 800 }, colorScheme })
      const look = async (what) => {
        await one.page.waitForTimeout(250)
        // What fades in has its colours at its end.
        await one.page.waitForFunction(() => document.getAnimations().every(({ playState, effect }) => playState !== 'running' || effect.getComputedTiming().endTime === Infinity))
        if (pictures) await one.page.screenshot({ path: `${pictures}/${what}-${width}-${colorScheme}.png` })
        await one.page.evaluate(axe)
        const { violations } = await one.page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] }))
        found.push(...violations.map(({ id, nodes }) => `${what} ${width} ${colorScheme}: ${id} at ${nodes.map(({ target, any }) => `${target} ${any[0]?.message ?? ''}`).join(' | ')}`))
        const width2 = await one.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
        assert.ok(width2 <= 0, `${what} ${width}: the page is ${width2} px too wide`)
      }
      await one.page.goto(`${server}/`)
      await one.page.waitForSelector('#document-list a')
      await look('documents')
      await one.page.goto(`${server}/#document=sub%2Fteam.chat`)
      await connected(one)
      await look('threads')
      await openFirst(one)
      await look('thread')
      await one.page.getByRole('button', { name: 'Settings' }).click()
      await look('settings')
      await one.page.keyboard.press('Escape')
      await one.page.getByRole('button', { name: 'edited' }).first().click()
      await look('history')
      fine(one)
      await one.context.close()
    }))
    assert.deepEqual(found, [])
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let name, wrong = null
  ;[name, server, ...rest] = JSON.parse(line)
  try {
    await scenes[name]()
  } catch (error) {
    wrong = String(error.stack)
  }
  for (const context of browser.contexts()) await context.close()
  console.log(JSON.stringify(wrong))
}
await browser.close()
