/** Commands go out in order, one at a time, again until they are answered, and survive the page that gave them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandRefused, Outbox, UnknownToken, localId } from '../src/commands.js'
import { Mint } from '../src/ids.js'
import { MemoryStorage } from '../src/storage.js'

/** A server of which every answer is told in advance; `log` has what it was given. */
function scripted (/** @type {any[]} */ ...answers) {
  const log = /** @type {any[]} */ ([])
  const deliver = async (/** @type {any} */ command) => {
    log.push(structuredClone(command))
    const answer = answers.shift() ?? { ok: true }
    if (answer instanceof Error) throw answer
    return { command_id: command.command_id, receipt: {}, ok: true, ...(typeof answer === 'function' ? answer(command) : answer) }
  }
  return { log, deliver }
}

/** @param {any} server @param {any} [storage] @param {object} [options] */
function outboxOf (server, storage = new MemoryStorage(), options = {}) {
  const refusals = /** @type {any[]} */ ([])
  const outbox = new Outbox({
    deliver: server.deliver, storage, onChange: () => {}, onRefused: (one) => refusals.push(one), patienceMs: () => 1, ...options
  })
  return { outbox, refusals, storage }
}

const settled = (/** @type {Outbox} */ outbox) => new Promise((resolve, reject) => {
  const started = Date.now()
  const look = () => {
    if (outbox.waiting === 0) resolve(undefined)
    else if (Date.now() - started > 60_000) reject(new Error(`${outbox.waiting} still wait, blocked by ${outbox.blockedBy}`))
    else setTimeout(look, 2)
  }
  look()
})

test('what is not answered is sent again under the same command id, before anything after it', async () => {
  const server = scripted(new Error('cut'), { ok: false, receipt: null, error: { code: 'document_closed', message: 'stopping' } },
    { ok: false, receipt: null, error: { code: 'commit_unknown', message: 'disk' } })
  const { outbox } = outboxOf(server)
  outbox.put('send', { content: 'one' })
  outbox.put('send', { content: 'two' })
  assert.equal(outbox.waiting, 2)
  await settled(outbox)
  assert.deepEqual(server.log.map(({ content }) => content), ['one', 'one', 'one', 'one', 'two'])
  assert.equal(new Set(server.log.map((one) => one.command_id)).size, 2)
})

test('an answer is the record, a refusal an error with its code, and the next command goes out', async () => {
  const server = scripted({ record: { message_id: 'M1' } }, { ok: false, error: { code: 'not_found', message: 'no thread' } })
  const { outbox, refusals } = outboxOf(server)
  const one = outbox.put('send', { content: 'one' })
  const two = outbox.put('send', { content: 'two' })
  const three = outbox.put('send', { content: 'three' })
  assert.deepEqual(await one.answer, { message_id: 'M1' })
  await assert.rejects(two.answer, (error) => error instanceof CommandRefused && error.code === 'not_found')
  await three.answer
  assert.deepEqual(refusals.map(({ command }) => command.content), ['two'])
  assert.equal(outbox.resolve(one.id), 'M1')
})

test('what is said of a thing before it exists is sent with the id it was given', async () => {
  const server = scripted((/** @type {any} */ { content }) => ({ record: { thread_id: 'T1', root_message_id: 'R1', content } }))
  const { outbox } = outboxOf(server)
  const thread = outbox.put('create_thread', { content: 'Hello' })
  outbox.put('send', { thread_id: thread.id, content: thread.id })
  outbox.put('edit', { message_id: thread.root_id, content: 'Hi' })
  await settled(outbox)
  assert.deepEqual(server.log.map((one) => one.thread_id ?? one.message_id), [undefined, 'T1', 'R1'])
  assert.equal(server.log[1].content, thread.id, 'a text is sent as it was written')
  outbox.put('send', { thread_id: thread.id, content: 'later' })
  await settled(outbox)
  assert.equal(server.log[3].thread_id, 'T1')
})

test('what is said of a thing that was refused is refused too', async () => {
  const server = scripted({ ok: false, error: { code: 'not_allowed', message: 'no' } })
  const { outbox, refusals } = outboxOf(server)
  const thread = outbox.put('create_thread', { content: 'Hello' })
  const message = outbox.put('send', { thread_id: thread.id, content: 'x' })
  const edit = outbox.put('edit', { message_id: message.id, content: 'y' })
  const other = outbox.put('send', { thread_id: 'T0', content: 'z' })
  await assert.rejects(edit.answer, (error) => error instanceof CommandRefused && error.code === 'follows_refused')
  await other.answer
  assert.equal(refusals.length, 3)
  assert.deepEqual(server.log.map(({ content }) => content), ['Hello', 'z'])
})

test('an unknown token stops everything until there is another one', async () => {
  const server = scripted(new UnknownToken('who?'))
  const { outbox } = outboxOf(server)
  outbox.put('send', { content: 'one' })
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.deepEqual([server.log.length, outbox.blockedBy, outbox.waiting], [1, 'unknown_token', 1])
  outbox.flush()
  await settled(outbox)
  assert.equal(outbox.blockedBy, null)
})

test('what waits when a page closes is sent by the next one, in order, and only until it is answered', async () => {
  const storage = new MemoryStorage()
  const gone = outboxOf(scripted(...Array.from({ length: 100 }, () => new Error('offline'))), storage)
  const thread = gone.outbox.put('create_thread', { content: 'Hello' })
  gone.outbox.put('send', { thread_id: localId(thread.command_id), content: 'two' })
  gone.outbox.close()
  const server = scripted({ record: { thread_id: 'T1', root_message_id: 'R1' } })
  const next = outboxOf(server, storage)
  assert.equal(next.outbox.waiting, 2)
  await settled(next.outbox)
  assert.deepEqual(server.log.map((one) => [one.content, one.thread_id]), [['Hello', undefined], ['two', 'T1']])
  assert.equal(server.log[0].command_id, thread.command_id)
  assert.deepEqual(storage.load(), [])
})

test('what another page answers is sent here too, so that what names it is understood', async () => {
  const storage = new MemoryStorage()
  const first = outboxOf(scripted(new Error('offline')), storage)
  const { id } = first.outbox.put('create_thread', { content: 'Hello' })
  first.outbox.close()
  const record = { thread_id: 'T1', root_message_id: 'R1' }
  const slow = scripted(new Error('offline'), { record })
  const other = outboxOf(slow, storage)
  other.outbox.put('send', { thread_id: id, content: 'two' })
  const quick = outboxOf(scripted({ record }), storage)
  await settled(quick.outbox)
  await settled(other.outbox)
  assert.deepEqual(slow.log.map((one) => [one.content, one.thread_id]), [['Hello', undefined], ['Hello', undefined], ['two', 'T1']])
  assert.deepEqual(other.refusals, [])
})

test('what a closed page left is understood after the answer came to another one', async () => {
  const storage = new MemoryStorage()
  const record = { thread_id: 'T1', root_message_id: 'R1' }
  const server = scripted(new Error('offline'), { record })
  const stays = outboxOf(server, storage)
  const { id } = stays.outbox.put('create_thread', { content: 'Hello' })
  const goes = outboxOf(scripted(new Error('offline')), storage)
  goes.outbox.put('send', { thread_id: id, content: 'two' })
  goes.outbox.close()
  await settled(stays.outbox)
  const next = scripted({})
  await settled(outboxOf(next, storage).outbox)
  assert.deepEqual(next.log.map((one) => [one.content, one.thread_id]), [['two', 'T1']])
})

test('commands stay in their order when the clock is set back between two pages', async () => {
  const storage = new MemoryStorage()
  const later = new Mint(() => 2_000_000_000_000)
  const gone = outboxOf(scripted(new Error('offline')), storage, { mint: later })
  const { id } = gone.outbox.put('create_thread', { content: 'Hello' })
  gone.outbox.close()
  const second = outboxOf(scripted(new Error('offline')), storage, { mint: new Mint(() => 1_000_000_000_000) })
  const made = second.outbox.put('send', { thread_id: id, content: 'two' })
  second.outbox.close()
  assert.ok(made.command_id > id.slice('local:'.length))
})

test('a command that the storage did not take is told as one that the page must not be closed for', async () => {
  const full = { load: () => [], put: () => false, remove: () => {} }
  const { outbox } = outboxOf(scripted(new Error('offline'), {}), full)
  outbox.put('send', { content: 'one' })
  assert.equal(outbox.unkept, 1)
  await settled(outbox)
  assert.equal(outbox.unkept, 0)
})
