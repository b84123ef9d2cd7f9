/** What waits is shown on top of what the document says, whichever comes first, the answer or the update. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Doc, MemoryStorage, Mint, Outbox, Reader, Writer } from '../src/index.js'
import { Optimistic, candidates } from '../src/optimistic.js'

/** A document whose server answers when it is told to. */
function begin () {
  const reader = new Reader(new Doc())
  const answers = /** @type {((answer: any) => void)[]} */ ([])
  const outbox = new Outbox({
    deliver: () => new Promise((resolve) => answers.push((record) => resolve({ ok: true, command_id: '', receipt: {}, ...record }))),
    storage: new MemoryStorage(),
    onChange: () => {},
    onRefused: () => {},
    known: (command) => new Set(candidates(reader, command).map((message) => message.message_id))
  })
  const shown = () => new Optimistic(reader, outbox)
  const writer = new Writer(reader)
  const now = () => new Date().toISOString()
  /** What a server writes for `create_thread`. */
  const thread = (/** @type {string} */ content) => {
    const [threadId, rootId] = [writer.id(), writer.id()]
    writer.write([
      ['thread', { thread_id: threadId, created_at: now(), created_by: 'ada', root_message_id: rootId }],
      ['message', { message_id: rootId, thread_id: threadId, sender_id: 'ada', date: now(), content }]
    ])
    return { kind: 'Thread', record: { thread_id: threadId, root_message_id: rootId, deleted_at: null } }
  }
  const message = (/** @type {string} */ threadId, /** @type {string} */ content) => {
    const id = writer.id()
    writer.write([['message', { message_id: id, thread_id: threadId, sender_id: 'ada', date: now(), content }]])
    return { kind: 'Message', record: { message_id: id, thread_id: threadId, deleted_at: null, history: [{ revision_id: id }] } }
  }
  return { reader, outbox, answers, shown, thread, message }
}
const ticks = () => new Promise((resolve) => setTimeout(resolve, 5))

test('an update before its answer is not shown twice, and what names it by its local id finds it', async () => {
  const { outbox, shown, thread } = begin()
  const made = outbox.put('create_thread', { sender_id: 'ada', content: 'Hello' })
  outbox.put('send', { thread_id: made.id, sender_id: 'ada', content: 'second' })
  outbox.put('edit', { message_id: made.root_id, author_id: 'ada', content: 'Hello!' })
  assert.equal(shown().newThreads.length, 1)
  const { record } = thread('Hello')
  const after = shown()
  assert.equal(after.newThreads.length, 0)
  assert.deepEqual([after.resolve(made.id), after.resolve(made.root_id)], [record.thread_id, record.root_message_id])
  assert.deepEqual(after.newMessages.get(record.thread_id)?.map((one) => one.content), ['second'])
  assert.equal(after.messageChanges.get(record.root_message_id)?.length, 1)
  outbox.close()
})

test('an answer before its update keeps what it is about in sight, under the id the server gave', async () => {
  const { outbox, answers, shown, reader, thread } = begin()
  const { record: { thread_id: threadId } } = thread('Hello')
  outbox.put('send', { thread_id: threadId, sender_id: 'ada', content: 'mine' })
  await ticks()
  const id = new Mint().mint()
  answers[0]({ kind: 'Message', record: { message_id: id, thread_id: threadId, deleted_at: null, history: [{ revision_id: id }] } })
  await ticks()
  assert.deepEqual(shown().newMessages.get(threadId)?.map((one) => one.message_id), [id])
  assert.deepEqual(shown().shown, [])
  const writer = new Writer(reader)
  writer.write([['message', { message_id: id, thread_id: threadId, sender_id: 'ada', date: new Date().toISOString(), content: 'mine' }]])
  assert.deepEqual([shown().newMessages.size, shown().shown.length], [0, 1])
  outbox.close()
})

test('the same text said before, or twice in a row, is counted once each', () => {
  const { outbox, shown, thread, message } = begin()
  const { record: { thread_id: threadId } } = thread('Hello')
  message(threadId, 'ok')
  const waiting = () => shown().newMessages.get(threadId)?.length ?? 0
  outbox.put('send', { thread_id: threadId, sender_id: 'ada', content: 'ok' })
  outbox.put('send', { thread_id: threadId, sender_id: 'ada', content: 'ok' })
  assert.equal(waiting(), 2, 'the one that was there is neither of them')
  message(threadId, 'ok')
  assert.equal(waiting(), 1)
  message(threadId, 'ok')
  assert.equal(waiting(), 0)
  outbox.close()
})
