/**
 * `@chatdoc/client`: read and write `.chat` documents from browsers and Node.
 */

export { ChatDocument } from './document.js'
export { CommandRefused, Outbox, UnknownToken, localId, localRootId } from './commands.js'
export { BrowserStorage, MemoryStorage } from './storage.js'
export { Connection } from './sync.js'
export { Server } from './server.js'
export { Reader } from './reader.js'
export { Writer } from './writer.js'
export { LASTING, ROOTS, canonicalOf, decode, encode, encodeField, isKey } from './facts.js'
export { canonical, parse } from './json.js'
export { Mint, derive, isId, isUlid, iso, successor, timeMs } from './ids.js'
export { digest, sha256 } from './sha256.js'

// Of the one Yjs of a page: two copies of it in one program do not know each other's documents.
export { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs'
export { Awareness } from 'y-protocols/awareness'
