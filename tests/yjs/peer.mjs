// A real Yjs client: `history SEED COUNT` plays histories and prints them; `replay` applies what stdin gives.
//
// history: one JSON line a history: {seed, updates: [hex], whole: hex, state: hex, content: {root: {key: text}}}
// replay:  a line in is {updates: [hex]}, a line out is {content, pending: bool}
import { createInterface } from 'node:readline'
import * as Y from 'yjs'

const ROOTS = ['document', 'thread', 'message', 'revision', 'setting', 'mark', 'state', 'live', 'attic']
const TEXTS = ['{}', '{"a":"b"}', '"é漢😀"', '"\u2028\u0000"', '', 'x'.repeat(300)]
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'))

function random (seed) {
  let state = seed >>> 0
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end
  }
}

function content (doc) {
  const roots = {}
  for (const root of ROOTS) {
    const map = doc.getMap(root).toJSON()
    if (Object.keys(map).length > 0) roots[root] = map
  }
  return roots
}

const digest = (below) => below(2 ** 32).toString(16).padStart(16, '0')
const ulid = (below) => '01J' + below(2 ** 32).toString(10).padStart(23, '0')

function freshPlace (below) {
  return [
    ['attic', digest(below)],
    ['document', `schema_version/${digest(below)}`],
    ['thread', `${ulid(below)}/${digest(below)}`],
    ['mark', `${ulid(below)}/generating/${ulid(below)}/${digest(below)}`],
    ['live', `${ulid(below)}/${String(below(10 ** 9)).padStart(10, '0')}/${digest(below)}`]
  ][below(5)]
}

function history (seed) {
  const below = random(seed)
  const docs = []
  const updates = []
  for (let count = 2 + below(3); docs.length < count;) {
    const doc = new Y.Doc()
    doc.clientID = below(4) === 0 ? 1 + docs.length : below(2 ** 32)
    doc.on('update', (update, origin) => { if (origin !== 'peer') updates.push(update) })
    docs.push(doc)
  }
  const places = []
  const write = (doc) => {
    const fresh = places.length === 0 || below(3) === 0
    const [root, key] = fresh ? freshPlace(below) : places[below(places.length)]
    if (fresh) places.push([root, key])
    const map = doc.getMap(root)
    if (below(3) === 0) map.delete(key)
    else map.set(key, TEXTS[below(TEXTS.length)])
  }
  for (let step = 0; step < 30; step++) {
    const doc = docs[below(docs.length)]
    const other = docs[below(docs.length)]
    const kind = below(8)
    if (kind < 4) write(doc)
    else if (kind === 4) doc.transact(() => { for (let n = below(6); n >= 0; n--) write(doc) })
    else {
      const missing = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other))
      updates.push(missing)
      Y.applyUpdate(other, missing, 'peer')
      if (kind === 6) updates.push(Y.mergeUpdates([missing, Y.encodeStateAsUpdate(other)]))
      if (kind === 7) updates.push(Y.diffUpdate(Y.encodeStateAsUpdate(other), Y.encodeStateVector(docs[0])))
    }
  }
  for (const doc of docs) for (const update of updates) Y.applyUpdate(doc, update, 'peer')
  const whole = Y.encodeStateAsUpdate(docs[0])
  const state = Y.encodeStateVector(docs[0])
  return { seed, updates: updates.map(hex), whole: hex(whole), state: hex(state), content: content(docs[0]) }
}

function replay (line) {
  const doc = new Y.Doc()
  for (const update of JSON.parse(line).updates) Y.applyUpdate(doc, bytes(update))
  return { content: content(doc), pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null }
}

const [mode, ...rest] = process.argv.slice(2)
if (mode === 'history') {
  const [seed, count] = rest.map(Number)
  for (let n = 0; n < count; n++) console.log(JSON.stringify(history(seed + n)))
} else if (mode === 'replay') {
  for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(replay(line)))
} else {
  console.error('peer.mjs history SEED COUNT | peer.mjs replay')
  process.exit(2)
}
