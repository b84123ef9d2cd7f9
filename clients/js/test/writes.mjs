// For tests in Python: writes a thread, an edit, settings, a deletion and a finished turn as facts; prints what it wrote.
import { Doc, Mint, Reader, Writer, encodeStateAsUpdate } from '../src/index.js'
import { reads } from './vectors.js'

const ydoc = new Doc()
const updates = []
ydoc.on('update', (update) => updates.push(Buffer.from(update).toString('base64')))
const reader = new Reader(ydoc)
let now = Date.parse('2026-03-02T09:00:00.000Z')
const writer = new Writer(reader, { mint: new Mint(() => now) })
const date = () => new Date(now += 10).toISOString()
const [threadId, rootId, messageId, answerId] = Array.from({ length: 4 }, () => writer.id())
const message = (id, sender, content, more = {}) =>
  ['message', { message_id: id, thread_id: threadId, sender_id: sender, date: date(), content, reply_to_message_id: id === rootId ? null : rootId, ...more }]
const mark = (id, field, value, by) => ['mark', { message_id: id, field, stamp: writer.markStamp(id, field), value, by }]
const state = (name, active) => ['state', { thread_id: threadId, stamp: writer.stateStamp(threadId), state: name, updated_at: date(), active_message_id: active }]
const setting = (field, value) => ['setting', { thread_id: threadId, field, stamp: writer.settingStamp(threadId, field), value, by: 'ada' }]
const facts = (root) => [...reader.facts()].filter((one) => one.root === root)

writer.write([['thread', { thread_id: threadId, created_at: date(), created_by: 'ada', root_message_id: rootId }], message(rootId, 'ada', 'Grüße "😀"\n\u2028\u0000')])
writer.write([setting('name', 'Plan'), setting('acp_config.model', 'm'), setting('x/y%z', { b: [1, 0.5, null, 1e21], 'ä': '\u001f', 'a': {} })])
writer.write([message(messageId, 'bob', 'Hi', { fields: { note: -3 } })])
writer.write([['revision', { message_id: messageId, revision_id: writer.revisionId(messageId), author_id: 'bob', content: 'Hi!', date: date() }]])
writer.write([mark(messageId, 'deleted', true, 'ada')])
writer.write([message(answerId, 'codex', '', { fields: { generating: true, acp_started_at_ms: now } }), state('running', answerId)])
for (let seq = 0; seq < 3; seq++) writer.write([['live', { message_id: answerId, seq, text: `piece ${seq} ` }]])
writer.write([
  ['revision', { message_id: answerId, revision_id: writer.revisionId(answerId), author_id: 'codex', content: 'all pieces', date: date() }],
  mark(answerId, 'generating', false, 'codex'), state('complete', answerId)
], [...facts('live'), ...facts('state')])
console.log(JSON.stringify({ updates, whole: Buffer.from(encodeStateAsUpdate(ydoc)).toString('base64'), reads: reads(reader) }))
