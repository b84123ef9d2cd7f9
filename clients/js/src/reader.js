/**
 * A Y document as records, kept live by observation: equal, after every change, to what Python's `Document` reads.
 */

import { LASTING, ROOTS, decode } from './facts.js'
import { buildConfig, buildConfigHistory, buildMessage, buildState, buildThread } from './assemble.js'
import { Touched, View } from './view.js'
import { canonical, compare, parse, plain } from './json.js'

/** @typedef {import('./facts.js').Fact} Fact */
/** @typedef {import('./facts.js').Root} Root */
/** @typedef {import('./assemble.js').Message} Message */
/** @typedef {(touched: Touched) => void} Listener */

/** Where the id begins behind a digit and a date. */
const DATE_END = 25

/** The records of a Y document. Lists are new at each call; records are shared and must not be changed. */
export class Reader {
  #view = new View()
  /** @type {Map<Root, Map<string, Fact>>} */ #facts = new Map(ROOTS.map((root) => [root, new Map()]))
  /** @type {Map<string, string>} */ #unreadable = new Map()
  /** @type {Map<string, Message>} */ #messages = new Map()
  /** @type {Map<string, string[]>} */ #ordered = new Map()
  /** @type {Map<string, Message[]>} */ #lists = new Map()
  /** Messages of a list that changed, by thread. @type {Map<string, Set<string>>} */ #stale = new Map()
  /** @type {Set<Listener>} */ #listeners = new Set()
  /** @type {(() => void)[]} */ #endings = []
  /** How many changes there were. */
  changes = 0

  /** @param {import('yjs').Doc} ydoc */
  constructor (ydoc) {
    this.ydoc = ydoc
    for (const root of ROOTS) {
      const map = ydoc.getMap(root)
      this.#read(root, map, map.keys(), new Touched())
    }
    /** @type {(events: Map<any, any>) => void} */
    const follow = (changed) => {
      const touched = new Touched()
      for (const root of ROOTS) {
        const map = ydoc.getMap(root)
        const keys = changed.get(map)
        if (keys) this.#read(root, map, [...keys].filter((key) => key !== null), touched)
      }
      this.#forget(touched)
      if (touched.document || touched.threads.size > 0 || touched.messages.size > 0) this.#tell(touched)
    }
    /** @param {import('yjs').Transaction} transaction */
    const after = (transaction) => { if (transaction.changed.size > 0) follow(transaction.changed) }
    ydoc.on('afterTransaction', after)
    this.#endings.push(() => ydoc.off('afterTransaction', after))
  }

  /** Follow the Y document no longer. */
  close () { for (const end of this.#endings.splice(0)) end() }

  /**
   * Call a function after every change, with what it touched; returns what ends it.
   * @param {Listener} listener
   */
  subscribe (listener) {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** The facts below the records; read only. */
  get view () { return this.#view }

  /** Entries of the Y document that are no fact: their texts by `root/key`. */
  get unreadable () { return new Map(this.#unreadable) }

  /** The id the document carries through copies and moves; the smallest, where copies with several met. */
  get documentId () {
    return this.documentField('document_id').filter((value) => typeof value === 'string').sort(compare)[0] ?? null
  }

  /** Every value a field of the document was given. @param {string} field @returns {any[]} */
  documentField (field) {
    const texts = (this.#view.document.get(field) ?? []).map((fact) =>
      canonical(/** @type {Map<string, any>} */ (parse(fact.text)).get('value')))
    return [...new Set(texts)].map((text) => plain(parse(text)))
  }

  /** All threads by creation date, those that were deleted only on demand. @param {{deleted?: boolean}} [options] */
  threads ({ deleted = false } = {}) {
    const found = [...this.#view.threads.keys()].map((id) => /** @type {import('./assemble.js').Thread} */ (this.thread(id)))
    found.sort((one, other) => compare(one.created_at, other.created_at) || compare(one.thread_id, other.thread_id))
    return found.filter((one) => deleted || one.deleted_at === null)
  }

  /** One thread, also a deleted one; null when there is none of this id. @param {string} threadId */
  thread (threadId) {
    const variants = this.#view.threads.get(threadId)
    return variants ? buildThread(variants, this.#view.settings.get(threadId) ?? new Map()) : null
  }

  /** A thread's messages: the root, then by date and id; deleted ones only on demand. @param {string} threadId @param {{deleted?: boolean}} [options] */
  messages (threadId, { deleted = false } = {}) {
    return this.#list(threadId).filter((one) => deleted || one.deleted_at === null)
  }

  /** A thread's newest message that is not deleted, or null. @param {string} threadId */
  lastMessage (threadId) {
    return this.#list(threadId).findLast((one) => one.deleted_at === null) ?? null
  }

  /** One message with its history, also a deleted one; null when there is none of this id. @param {string} messageId */
  message (messageId) {
    const variants = this.#view.headers.get(messageId)
    if (variants === undefined) return null
    let message = this.#messages.get(messageId)
    if (message === undefined) {
      const { revisions, marks, pieces } = this.#view
      message = buildMessage(variants, revisions.get(messageId) ?? [], marks.get(messageId) ?? new Map(),
        pieces.get(messageId) ?? new Map())
      this.#messages.set(messageId, message)
    }
    return message
  }

  /** A thread's config, the defaults where nothing was set. @param {string} threadId */
  config (threadId) { return buildConfig(threadId, this.#view.settings.get(threadId) ?? new Map()) }

  /** Who set which field when, newest first. @param {string} threadId */
  configHistory (threadId) { return buildConfigHistory(this.#view.settings.get(threadId) ?? new Map()) }

  /** What the thread's agent is doing; null when no turn ever ran. @param {string} threadId */
  state (threadId) {
    const fact = this.#view.states.get(threadId)?.at(-1)
    return fact ? buildState(fact) : null
  }

  /** The messages that wait for the thread's agent, the next one first. @param {string} threadId */
  queue (threadId) {
    const view = this.#view
    const waiting = this.#order(threadId).filter((id) =>
      view.field(id, 'acp_state') === 'queued' && view.mark(id, 'deleted')?.value !== true)
    /** @param {string} id @param {string} field */
    const stamp = (id, field) => view.mark(id, field)?.stamp ?? ''
    const date = (/** @type {string} */ id) => view.headerOf(id).date
    /** @param {string} id */
    const hurries = (id) => view.field(id, 'acp_send_mode') === 'immediate'
    const ahead = waiting.filter(hurries).sort((one, other) =>
      compare(stamp(other, 'acp_send_mode'), stamp(one, 'acp_send_mode')) || compare(other, one))
    const behind = waiting.filter((id) => !hurries(id)).sort((one, other) =>
      compare(stamp(one, 'acp_state'), stamp(other, 'acp_state')) || compare(date(one), date(other)) || compare(one, other))
    return [...ahead, ...behind].map((id) => /** @type {Message} */ (this.message(id)))
  }

  /** Rows and lines of older files that were kept word for word. */
  attic () { return [...this.#view.attic.keys()].sort(compare).map((text) => JSON.parse(text)) }

  /**
   * Every fact that stands, root by root. Lasting ones only, on demand.
   * @param {{ lasting?: boolean }} [options]
   */
  * facts ({ lasting = false } = {}) {
    for (const [root, facts] of this.#facts) if (!lasting || LASTING.has(root)) yield * facts.values()
  }

  /** A thread's messages in order, of which only those that changed are made anew. @param {string} threadId */
  #list (threadId) {
    const made = (/** @type {string} */ id) => /** @type {Message} */ (this.message(id))
    let list = this.#lists.get(threadId)
    const stale = this.#stale.get(threadId)
    if (list === undefined) {
      list = this.#order(threadId).map(made)
      this.#lists.set(threadId, list)
    } else if (stale !== undefined) {
      for (let at = 0; at < list.length; at++) if (stale.has(list[at].message_id)) list[at] = made(list[at].message_id)
    }
    this.#stale.delete(threadId)
    return list
  }

  /** @param {string} threadId */
  #order (threadId) {
    let ids = this.#ordered.get(threadId)
    if (ids === undefined) {
      const root = this.#view.threads.get(threadId)?.[0].fields.root_message_id
      // Dates and ids are ASCII of one shape each, so texts of both sort like pairs.
      ids = [...this.#view.members.get(threadId) ?? []].map((id) => `${id === root ? 0 : 1}${this.#view.headerOf(id).date}${id}`)
        .sort().map((key) => key.slice(DATE_END))
      this.#ordered.set(threadId, ids)
    }
    return ids
  }

  /** @param {Root} root @param {import('yjs').Map<any>} map @param {Iterable<string>} keys @param {Touched} touched */
  #read (root, map, keys, touched) {
    const known = /** @type {Map<string, Fact>} */ (this.#facts.get(root))
    for (const key of keys) {
      const value = map.get(key)
      const old = known.get(key)
      if (old !== undefined && old.text === value) continue
      if (old !== undefined) {
        known.delete(key)
        this.#view.remove(old, touched)
      }
      if (this.#unreadable.delete(`${root}/${key}`)) touched.document = true
      if (value === undefined) continue
      const fact = decode(root, key, value)
      if (fact !== null) {
        known.set(key, fact)
        this.#view.add(fact, touched)
      } else {
        this.#unreadable.set(`${root}/${key}`, typeof value === 'string' ? value : '')
        touched.document = true
      }
    }
  }

  /** @param {Touched} touched */
  #forget (touched) {
    for (const id of touched.messages) {
      this.#messages.delete(id)
      const threadId = this.#view.headerOf(id)?.thread_id
      if (this.#lists.has(threadId)) this.#stale.set(threadId, (this.#stale.get(threadId) ?? new Set()).add(id))
    }
    for (const id of touched.orders) {
      this.#ordered.delete(id)
      this.#lists.delete(id)
    }
  }

  /** @param {Touched} touched */
  #tell (touched) {
    this.changes++
    for (const listener of [...this.#listeners]) listener(touched)
  }
}

