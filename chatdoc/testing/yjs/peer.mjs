// A Yjs client, as a program: one JSON request a line in, one JSON answer a line out; bytes are hex.
//
// {"do": "open", "peer": N, "client": N}   {"do": "apply", "peer": N, "update": HEX}   {"do": "entries", "peer": N}
// {"do": "write", "peer": N, "writes": [[root, key, text]], "removals": [[root, key]]}: what is sent to peers, as hex
// {"do": "vector", "peer": N}   {"do": "diff", "peer": N, "vector": HEX or null}   {"do": "close", "peer": N}
//
// An answer is {"is": ...}, or {"error": text}.
import { createInterface } from 'node:readline'
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from './yjs.bundle.mjs'

const ROOTS = ['document', 'thread', 'message', 'revision', 'setting', 'mark', 'state', 'live', 'attic']
const peers = new Map()
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'))

function open (peer, client) {
  const doc = new Doc()
  doc.clientID = client
  for (const root of ROOTS) doc.getMap(root)
  peers.set(peer, doc)
}

function write (doc, writes, removals) {
  const updates = []
  const heard = (update) => updates.push(update)
  doc.on('update', heard)
  doc.transact(() => {
    for (const [root, key, text] of writes) doc.getMap(root).set(key, text)
    for (const [root, key] of removals) doc.getMap(root).delete(key)
  })
  doc.off('update', heard)
  return updates.length ? hex(updates[0]) : '0000'
}

function entries (doc) {
  return ROOTS.flatMap((root) => [...doc.getMap(root).entries()].map(([key, text]) => [root, key, text]))
}

function answer (asked) {
  const doc = peers.get(asked.peer)
  switch (asked.do) {
    case 'open': return open(asked.peer, asked.client) ?? null
    case 'apply': return applyUpdate(doc, bytes(asked.update)) ?? null
    case 'write': return write(doc, asked.writes, asked.removals)
    case 'entries': return entries(doc)
    case 'vector': return hex(encodeStateVector(doc))
    case 'diff': return hex(encodeStateAsUpdate(doc, asked.vector === null ? undefined : bytes(asked.vector)))
    case 'close': return peers.delete(asked.peer)
    default: throw new Error(`asked for ${asked.do}`)
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify({ is: answer(JSON.parse(line)) }))
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.stack ?? error) }))
  }
}
