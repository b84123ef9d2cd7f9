/** A connection speaks y-protocols to a server that knows nothing else, and comes back after a break. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket, { WebSocketServer } from 'ws'
import { applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import { Awareness, Connection, Doc } from '../src/index.js'

/** A server of y-websocket's protocol and nothing beside it: one document, relayed. @param {number} [port] @param {Doc} [doc] */
async function serve (port = 0, doc = new Doc()) {
  const awareness = new Awareness(doc)
  awareness.setLocalState(null)
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  const tell = (/** @type {(encoder: encoding.Encoder) => void} */ write) => {
    const encoder = encoding.createEncoder()
    write(encoder)
    for (const client of server.clients) client.send(encoding.toUint8Array(encoder))
  }
  doc.on('update', (update) => tell((encoder) => { encoding.writeVarUint(encoder, 0); writeUpdate(encoder, update) }))
  awareness.on('update', (/** @type {any} */ { added, updated, removed }) => tell((encoder) => {
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, [...added, ...updated, ...removed]))
  }))
  server.on('connection', (socket) => {
    const send = (/** @type {(encoder: encoding.Encoder) => void} */ write) => {
      const encoder = encoding.createEncoder()
      encoding.writeVarUint(encoder, 0)
      write(encoder)
      if (encoding.length(encoder) > 1) socket.send(encoding.toUint8Array(encoder))
    }
    socket.on('message', (data) => {
      const decoder = decoding.createDecoder(new Uint8Array(/** @type {Buffer} */ (data)))
      if (decoding.readVarUint(decoder) === 0) send((encoder) => readSyncMessage(decoder, encoder, doc, socket))
      else applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), socket)
    })
    send((encoder) => writeSyncStep1(encoder, doc))
  })
  await new Promise((resolve) => server.once('listening', () => resolve(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const close = () => new Promise((resolve) => {
    awareness.destroy()
    for (const client of server.clients) client.terminate()
    server.close(() => resolve(undefined))
  })
  return { doc, port: address.port, close }
}

const until = async (/** @type {() => boolean} */ look) => {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 5))) if (look()) return
  throw new Error('waited in vain')
}

/** @param {number} port */
function join (port) {
  const ydoc = new Doc()
  const awareness = new Awareness(ydoc)
  awareness.setLocalState({ user: { id: String(ydoc.clientID) } })
  const statuses = /** @type {string[]} */ ([])
  const connection = new Connection({
    url: `ws://127.0.0.1:${port}/sync/team.chat`, ydoc, awareness, subprotocol: null, WebSocket: /** @type {any} */ (WebSocket),
    onStatus: (status) => statuses.push(status), onRefused: () => {}
  })
  return { ydoc, awareness, connection, statuses, close: () => { connection.close(); awareness.destroy() } }
}

test('both sides have all of each other, before and after the server was away', async () => {
  const first = await serve()
  const [ada, bob] = [join(first.port), join(first.port)]
  ada.ydoc.getMap('attic').set('a', 'before')
  await until(() => bob.ydoc.getMap('attic').get('a') === 'before')
  await until(() => bob.awareness.getStates().size === 2)
  assert.equal(ada.connection.takes({}), false, 'a plain server takes no commands')
  await first.close()
  await until(() => ada.connection.status === 'offline' && bob.connection.status === 'offline')
  assert.equal(bob.awareness.getStates().size, 1, 'nobody is here while the connection is gone')
  ada.ydoc.getMap('attic').set('b', 'meanwhile')
  bob.ydoc.getMap('attic').set('c', 'too')
  const second = await serve(first.port)
  await until(() => [ada, bob].every(({ ydoc }) => ydoc.getMap('attic').size === 3))
  assert.deepEqual([...second.doc.getMap('attic').keys()].sort(), ['a', 'b', 'c'], 'a server that forgot is told again')
  assert.deepEqual(ada.statuses.filter((one) => one !== 'connecting').filter((one, at, all) => one !== all[at - 1]), ['synced', 'offline', 'synced'])
  ada.close()
  bob.close()
  await second.close()
})
