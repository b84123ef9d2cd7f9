// Scenes with a real server, for tests in Python: `node test/scenarios.mjs NAME SERVER` ends well, or says what was wrong.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import WebSocket from 'ws'
import { ChatDocument, MemoryStorage, Writer } from '../src/index.js'
import { CuttingProxy } from './cutting_proxy.mjs'

const [name, server, ...rest] = process.argv.slice(2)
const open = (id, options = {}) =>
  new ChatDocument({ server, path: 'sub/team.chat', user: { id }, WebSocket, storage: new MemoryStorage(), ...options })
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
async function until (what, look) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(10)) if (look()) return
  throw new Error(`waited in vain until ${what}`)
}
const texts = (doc, threadId) => doc.messages(threadId).map((one) => one.content)

const scenes = {
  async 'commands are shown at once and answered' () {
    const [ada, bob] = [open('ada'), open('bob')]
    const thread = ada.createThread({ content: 'Hello', name: 'Plan' })
    const message = ada.send(thread.id, { content: 'second', fields: { note: 1 } })
    ada.edit(thread.root_id, { content: 'Hello!' })
    assert.deepEqual(texts(ada, thread.id), ['Hello!', 'second'])
    assert.ok(ada.messages(thread.id).every((one) => one.pending))
    assert.equal(ada.config(thread.id).name, 'Plan')
    const seen = []
    ada.subscribe(() => seen.push(texts(ada, thread.id).join()))
    const { thread_id: threadId } = await thread.answer
    assert.equal((await message.answer).extra.note, 1)
    await until('bob sees both', () => texts(bob, threadId).length === 2 && texts(bob, threadId)[0] === 'Hello!')
    await until('nothing is pending', () => !ada.messages(threadId).some((one) => one.pending))
    assert.deepEqual([...new Set(seen)], ['Hello!,second'], 'nothing flickered')
    ada.deleteMessage(message.id)
    assert.deepEqual(texts(ada, threadId), ['Hello!'])
    ada.configure(threadId, { thread_color: 'red', acp_config: { model: 'm' }, fields: { mood: 'good' } })
    assert.equal(ada.config(threadId).extra.mood, 'good')
    assert.deepEqual([ada.config(threadId).thread_color, ada.config(threadId).pending], ['red', true])
    await until('bob sees it', () => texts(bob, threadId).length === 1 && bob.config(threadId).acp_config?.model === 'm')
    await assert.rejects(ada.send('no thread', { content: 'x' }).answer, { code: 'not_found' })
    await assert.rejects(ada.command('no such command', {}).answer, { code: 'misuse' })
    assert.equal(ada.status.refusals.length, 2)
    await ada.send(threadId, { content: 'long '.repeat(400_000) }).answer
    await until('bob has a long text', () => texts(bob, threadId).at(-1)?.length === 2_000_000)
    assert.equal(ada.status.connection, 'synced')
    await until('they see each other', () => ada.peers().length === 1 && bob.peers()[0]?.user.id === 'ada')
    bob.close()
    await until('bob is gone', () => ada.peers().length === 0)
    ada.close()
  },

  async 'two that were offline meet again' () {
    const proxies = await Promise.all([new CuttingProxy(server).listen(), new CuttingProxy(server).listen()])
    const [ada, bob] = proxies.map((proxy, at) => open(['ada', 'bob'][at], { server: proxy.url }))
    const { thread_id: threadId, root_message_id: rootId } = await ada.createThread({ content: 'Hello' }).answer
    await until('bob sees it', () => bob.thread(threadId) !== null)
    for (const proxy of proxies) proxy.offline()
    for (const [doc, who] of [[ada, 'ada'], [bob, 'bob']]) {
      for (let n = 0; n < 5; n++) doc.send(threadId, { content: `${who} ${n}` })
      doc.edit(rootId, { content: `edited by ${who}` })
    }
    await until('both know', () => [ada, bob].every((doc) => doc.status.connection !== 'synced' && doc.status.blocked_by === 'offline'))
    assert.equal(texts(ada, threadId).length, 6)
    assert.equal(texts(bob, threadId)[0], 'edited by bob')
    for (const proxy of proxies) proxy.online()
    await until('all is told', () => [ada, bob].every((doc) => doc.status.waiting === 0 && texts(doc, threadId).length === 11))
    await until('they agree', () => JSON.stringify(texts(ada, threadId)) === JSON.stringify(texts(bob, threadId)))
    for (const who of ['ada', 'bob']) {
      assert.deepEqual(texts(ada, threadId).filter((one) => one.startsWith(who)), [0, 1, 2, 3, 4].map((n) => `${who} ${n}`))
    }
    assert.deepEqual(ada.message(rootId).history.length, 3)
    for (const doc of [ada, bob]) doc.close()
    for (const proxy of proxies) proxy.close()
  },

  async 'a connection that breaks again and again loses and doubles nothing' () {
    const seed = Number(rest[0])
    let state = seed
    const below = (end) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0, (state >>> 8) % end)
    const proxy = await new CuttingProxy(server).listen()
    const [ada, bob] = [open('ada', { server: proxy.url }), open('bob', { server: proxy.url })]
    const thread = ada.createThread({ content: 'Hello' })
    const sent = []
    for (let n = 0; n < 40; n++) {
      sent.push(ada.send(thread.id, { content: `number ${n}` }))
      await sleep(below(12))
      const fate = below(6)
      if (fate === 0) proxy.cut()
      else if (fate === 1) await proxy.swallow(below(15))
    }
    const records = await Promise.all(sent.map(({ answer }) => answer))
    assert.equal(new Set(records.map((one) => one.message_id)).size, 40)
    const { thread_id: threadId } = await thread.answer
    const wanted = ['Hello', ...sent.map((_, n) => `number ${n}`)]
    await until('both see all, once and in order', () => [ada, bob].every((doc) => JSON.stringify(texts(doc, threadId)) === JSON.stringify(wanted)))
    console.log(`${proxy.cuts} cuts`)
    assert.ok(proxy.cuts > 3)
    for (const doc of [ada, bob]) doc.close()
    proxy.close()
  },

  async 'a server that is killed again and again loses and doubles nothing' () {
    const [ada, bob] = [open('ada'), open('bob')]
    const thread = ada.createThread({ content: 'Hello' })
    const { thread_id: threadId } = await thread.answer
    const sent = []
    const [isOver] = rest // The file is there once no server is killed any more.
    while (!existsSync(isOver) || sent.length % 2) {
      const n = sent.length
      const doc = n % 2 ? ada : bob
      sent.push(doc.send(threadId, { content: `${doc.user.id} ${n}` }))
      await sleep(50)
    }
    const records = await Promise.all(sent.map(({ answer }) => answer))
    assert.equal(new Set(records.map((one) => one.message_id)).size, sent.length)
    await until('both see all', () => [ada, bob].every((doc) => texts(doc, threadId).length === sent.length + 1))
    for (const doc of [ada, bob]) {
      for (const [at, who] of ['bob', 'ada'].entries()) {
        assert.deepEqual(texts(doc, threadId).filter((one) => one.startsWith(`${who} `)), Array.from({ length: sent.length / 2 }, (_, n) => `${who} ${2 * n + at}`))
      }
      doc.close()
    }
    console.log(`${sent.length} sent`)
  },

  async 'a token is asked for, and what waits goes out with it' () {
    const ada = open('ada', { token: 'wrong' })
    const thread = ada.createThread({ content: 'Hello' })
    await until('it is known', () => ada.status.connection === 'denied' && ada.status.blocked_by === 'unknown_token')
    ada.retry('ada-token')
    const { created_by: by } = await thread.answer
    assert.equal(by, 'ada')
    await until('it is in sync', () => ada.status.connection === 'synced')
    await assert.rejects(ada.command('send', { thread_id: thread.id, content: 'x', sender_id: 'bob' }).answer, { code: 'not_allowed' })
    ada.close()
  },

  async 'facts that are written are taken, and those in another name are refused' () {
    const ada = open('ada', { token: 'ada-token' })
    const { thread_id: threadId } = await ada.createThread({ content: 'Hello' }).answer
    const bob = open('bob', { token: 'bob-token' })
    await until('bob sees it', () => bob.thread(threadId) !== null)
    const writer = new Writer(bob.reader)
    const setting = (by, value) => ['setting', { thread_id: threadId, field: 'name', stamp: writer.settingStamp(threadId, 'name'), value, by }]
    writer.write([setting('bob', 'good')])
    await until('ada sees it', () => ada.config(threadId).name === 'good')
    writer.write([setting('ada', 'forged')])
    await until('bob is told', () => bob.status.refused_updates.some(({ code }) => code === 'not_allowed'))
    await until('it is taken back', () => bob.config(threadId).name === 'good')
    writer.write([setting('bob', 'good again')])
    await until('bob is heard again', () => ada.config(threadId).name === 'good again')
    for (const doc of [ada, bob]) doc.close()
  },

  async 'an answer streams, and is stopped' () {
    const ada = open('ada')
    await until('the answer is being written', () => ada.threads()[0] && ada.messages(ada.threads()[0].thread_id).at(-1)?.content === 'One two ')
    const { thread_id: threadId } = ada.threads()[0]
    const message = ada.messages(threadId).at(-1)
    assert.equal(message.generating, true)
    const ended = await ada.interrupt(threadId, message.message_id).answer
    assert.equal(ended.content ?? ended.history[0].content, 'One two ')
    await until('it is over', () => !ada.message(message.message_id).generating && ada.state(threadId).state === 'interrupted')
    ada.close()
  }
}

await scenes[name]()
