/** The vectors that Python wrote, and the one way in which a Y document is compared with what it reads as. */

import { readFileSync } from 'node:fs'
import * as Y from 'yjs'
import { Reader } from '../src/reader.js'

export const vectors = JSON.parse(readFileSync(new URL('../../../golden/vectors/vectors.json', import.meta.url), 'utf8'))

/** @param {string} text base64 */
export const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'))

/** All a reader shows, in the shape of `chatdoc.testing.vectors.reads`. @param {Reader} reader */
export function reads (reader) {
  const fields = [...reader.view.document.keys()].sort()
  return {
    document_id: reader.documentId,
    document: Object.fromEntries(fields.map((field) => [field, reader.documentField(field)])),
    threads: reader.threads({ deleted: true }).map((thread) => ({
      thread,
      config: reader.config(thread.thread_id),
      config_history: reader.configHistory(thread.thread_id),
      state: reader.state(thread.thread_id),
      queue: reader.queue(thread.thread_id).map((message) => message.message_id),
      messages: reader.messages(thread.thread_id, { deleted: true })
    })),
    attic: reader.attic(),
    unreadable: [...reader.unreadable.keys()].sort()
  }
}

/** A Y document after these updates, and two readers: one that followed, and one made at the end. @param {Uint8Array[]} updates */
export function play (updates) {
  const ydoc = new Y.Doc()
  const live = new Reader(ydoc)
  for (const update of updates) {
    Y.applyUpdate(ydoc, update)
    reads(live)
  }
  return { ydoc, live, fresh: new Reader(ydoc) }
}
