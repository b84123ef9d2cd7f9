/**
 * Facts written straight into a Y document, for those who need no server: stamps above all that stand, keys computed.
 *
 * A server checks them like everybody's, and each must name its author as the client's own. Commands are the better
 * way where there is a server: they are checked before they are written, and answered.
 */

import { LASTING, encode } from './facts.js'
import { Mint } from './ids.js'

/** Writes facts into the Y document of a reader. */
export class Writer {
  /**
   * @param {import('./reader.js').Reader} reader
   * @param {{ mint?: Mint, origin?: unknown }} [options]
   */
  constructor (reader, { mint = new Mint(), origin = 'writer' } = {}) {
    this.reader = reader
    this.mint = mint
    this.origin = origin
  }

  /** A fresh id for a record. */
  id () { return this.mint.mint() }

  /** A stamp above every one there is for a field of a thread. @param {string} threadId @param {string} field */
  settingStamp (threadId, field) {
    return this.#above(this.reader.view.settings.get(threadId)?.get(field), 'stamp')
  }

  /** A stamp above every one there is for a field of a message. @param {string} messageId @param {string} field */
  markStamp (messageId, field) { return this.#above(this.reader.view.marks.get(messageId)?.get(field), 'stamp') }

  /** A stamp above that of every state of a thread. @param {string} threadId */
  stateStamp (threadId) { return this.#above(this.reader.view.states.get(threadId), 'stamp') }

  /** A revision id above every one of a message. @param {string} messageId */
  revisionId (messageId) { return this.mint.mint(this.reader.message(messageId)?.history[0].revision_id) }

  /**
   * Write facts, each a root and its fields, in one transaction; raises TypeError, and writes none, when one is no fact.
   * @param {[import('./facts.js').Root, object][]} facts
   * @param {import('./facts.js').Fact[]} [superseded] marks, states and pieces that have done their work, to be removed
   */
  write (facts, superseded = []) {
    const made = facts.map(([root, fields]) => encode(root, fields))
    const lasting = superseded.find(({ root }) => LASTING.has(root))
    if (lasting !== undefined) throw new TypeError(`a ${lasting.root} fact is never removed`)
    const { ydoc } = this.reader
    ydoc.transact(() => {
      for (const { root, key, text } of made) if (!ydoc.getMap(root).has(key)) ydoc.getMap(root).set(key, text)
      for (const { root, key } of superseded) ydoc.getMap(root).delete(key)
    }, this.origin)
    return made
  }

  /** @param {import('./facts.js').Fact[] | undefined} facts @param {string} field */
  #above (facts, field) { return this.mint.mint(facts?.at(-1)?.fields[field]) }
}
