/** Facts written by hand are read back, hold above all that stood, and are refused when they are none. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Doc, Mint, Reader, Writer } from '../src/index.js'

const DATE = '2026-03-02T09:00:00.000Z'

function begin () {
  const reader = new Reader(new Doc())
  // A clock that stands: only the ids say what came later.
  const writer = new Writer(reader, { mint: new Mint(() => Date.parse(DATE)) })
  const [threadId, messageId] = [writer.id(), writer.id()]
  writer.write([
    ['thread', { thread_id: threadId, created_at: DATE, created_by: 'ada', root_message_id: messageId }],
    ['message', { message_id: messageId, thread_id: threadId, sender_id: 'ada', date: DATE, content: 'Hello' }]
  ])
  return { reader, writer, threadId, messageId }
}

test('a thread and its message are read back, and a listener hears of both', () => {
  const { reader, writer, threadId, messageId } = begin()
  const heard = /** @type {string[]} */ ([])
  reader.subscribe(({ threads, messages }) => heard.push(...threads, ...messages))
  assert.equal(reader.messages(threadId)[0].content, 'Hello')
  const revisionId = writer.revisionId(messageId)
  writer.write([['revision', { message_id: messageId, revision_id: revisionId, author_id: 'bob', content: 'Hi', date: DATE }]])
  assert.deepEqual(reader.message(messageId)?.history.map((one) => one.content), ['Hi', 'Hello'])
  assert.deepEqual(heard, [threadId, messageId])
})

test('a setting above a stamp from the future holds', () => {
  const { reader, writer, threadId } = begin()
  const future = new Mint(() => Date.parse('2099-01-01')).mint()
  for (const [stamp, value] of [[future, 'far'], ['', 'near']]) {
    writer.write([['setting', { thread_id: threadId, field: 'name', stamp: stamp || writer.settingStamp(threadId, 'name'), value, by: 'ada' }]])
  }
  assert.equal(reader.config(threadId).name, 'near')
  assert.deepEqual(reader.configHistory(threadId).map((one) => one.value), ['near', 'far'])
})

test('an answer streams in pieces, which go when its revision comes', () => {
  const { reader, writer, threadId, messageId } = begin()
  const answer = writer.id()
  writer.write([['message', { message_id: answer, thread_id: threadId, sender_id: 'codex', date: DATE, reply_to_message_id: messageId, fields: { generating: true } }]])
  for (const [seq, text] of ['One ', 'two '].entries()) writer.write([['live', { message_id: answer, seq, text }]])
  assert.deepEqual([reader.message(answer)?.content, reader.message(answer)?.generating], ['One two ', true])
  const pieces = [...reader.facts()].filter(({ root }) => root === 'live')
  writer.write([
    ['revision', { message_id: answer, revision_id: writer.revisionId(answer), author_id: 'codex', content: 'One two three', date: DATE }],
    ['mark', { message_id: answer, field: 'generating', stamp: writer.markStamp(answer, 'generating'), value: false, by: 'codex' }],
    ['state', { thread_id: threadId, stamp: writer.stateStamp(threadId), state: 'complete', updated_at: DATE, active_message_id: answer }]
  ], pieces)
  assert.deepEqual([reader.message(answer)?.content, reader.message(answer)?.generating], ['One two three', false])
  assert.equal(reader.state(threadId)?.state, 'complete')
})

test('what is no fact is refused, and nothing of its batch is written', () => {
  const { reader, writer, threadId } = begin()
  const good = ['setting', { thread_id: threadId, field: 'pin', stamp: writer.settingStamp(threadId, 'pin'), value: true, by: 'ada' }]
  for (const bad of [['message', { message_id: 'x' }], ['thread', {}], ['document', { field: 'a', value: '\ud800' }],
    ['document', { field: 'a', value: Number.NaN }], ['document', { field: 'a', value: 1, more: 2 }],
    ['state', { thread_id: threadId, stamp: '7'.repeat(26), state: 'idle', updated_at: DATE }]]) {
    assert.throws(() => writer.write(/** @type {any} */ ([good, bad])), TypeError)
  }
  assert.equal(reader.config(threadId).pin, false)
  const [lasting] = reader.facts({ lasting: true })
  assert.throws(() => writer.write([], [lasting]), TypeError)
})
