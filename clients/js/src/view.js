/**
 * The union of a document's facts, kept by record: each comes and goes in time that depends on its record alone.
 */

import { canonicalOf } from './facts.js'
import { canonical, compare, parse } from './json.js'

/** @typedef {import('./facts.js').Fact} Fact */
/** @typedef {Map<string, Fact[]>} Table facts by record, in the order of the field they are about */

/** The records a change touched. */
export class Touched {
  /** @type {Set<string>} */ threads = new Set()
  /** @type {Set<string>} */ messages = new Set()
  /** Threads whose messages, or their order, are other ones. @type {Set<string>} */ orders = new Set()
  /** Whether a field of the document, or what is kept unread, changed. */
  document = false
}

/** The facts of a document by record. */
export class View {
  /** @type {Table} */ document = new Map()
  /** @type {Table} */ threads = new Map()
  /** @type {Table} */ headers = new Map()
  /** @type {Table} */ revisions = new Map()
  /** @type {Map<string, Table>} */ settings = new Map()
  /** @type {Map<string, Table>} */ marks = new Map()
  /** @type {Table} */ states = new Map()
  /** @type {Map<string, Map<number, Fact[]>>} */ pieces = new Map()
  /** @type {Table} */ attic = new Map()
  /** Message ids by thread. @type {Map<string, Set<string>>} */ members = new Map()

  /** @param {Fact} fact @param {Touched} touched */
  add (fact, touched) { this.#change(fact, touched, insert) }

  /** @param {Fact} fact @param {Touched} touched */
  remove (fact, touched) { this.#change(fact, touched, withdraw) }

  /** @param {string} messageId */
  headerOf (messageId) { return this.headers.get(messageId)?.[0].fields ?? null }

  /** The mark that holds for a field of a message. @param {string} messageId @param {string} field */
  mark (messageId, field) { return this.marks.get(messageId)?.get(field)?.at(-1)?.fields ?? null }

  /** What a field of a message says: the mark that holds, else the headers. @param {string} messageId @param {string} field */
  field (messageId, field) {
    const mark = this.mark(messageId, field)
    if (mark !== null) return mark.value
    const says = told(this.headers.get(messageId) ?? []).find((one) => Object.hasOwn(one.fields.fields ?? {}, field))
    return says?.fields.fields[field] ?? null
  }

  /** @param {Fact} fact @param {Touched} touched @param {Change} change */
  #change (fact, touched, change) {
    const { root, fields } = fact
    switch (root) {
      case 'document':
        touched.document = true
        return change(this.document, fields.field, fact, byValue)
      case 'attic':
        touched.document = true
        return change(this.attic, canonicalOf(fact), fact, byText)
      case 'thread':
        touched.threads.add(fields.thread_id)
        touched.orders.add(fields.thread_id)
        return change(this.threads, fields.thread_id, fact, byPreference)
      case 'setting':
        touched.threads.add(fields.thread_id)
        return within(this.settings, fields.thread_id, (table) => change(table, fields.field, fact, byStamp))
      case 'state':
        touched.threads.add(fields.thread_id)
        return change(this.states, fields.thread_id, fact, byStamp)
      case 'message':
        return this.#changeHeader(fact, touched, change)
      case 'revision':
        this.#touchMessage(fields.message_id, touched)
        return change(this.revisions, fields.message_id, fact, byRevision)
      case 'mark':
        this.#touchMessage(fields.message_id, touched)
        return within(this.marks, fields.message_id, (table) => change(table, fields.field, fact, byStamp))
      case 'live':
        this.#touchMessage(fields.message_id, touched)
        return within(this.pieces, fields.message_id, (table) => change(table, fields.seq, fact, byPiece))
    }
  }

  /** @param {Fact} fact @param {Touched} touched @param {Change} change */
  #changeHeader (fact, touched, change) {
    const messageId = fact.fields.message_id
    const before = this.headerOf(messageId)?.thread_id
    change(this.headers, messageId, fact, byPreference)
    const after = this.headerOf(messageId)?.thread_id
    if (before !== undefined) touched.orders.add(before)
    if (after !== undefined) touched.orders.add(after)
    if (before !== after) {
      if (before !== undefined) {
        touched.threads.add(before)
        const members = /** @type {Set<string>} */ (this.members.get(before))
        members.delete(messageId)
        if (members.size === 0) this.members.delete(before)
      }
      if (after !== undefined) {
        const members = this.members.get(after)
        if (members) members.add(messageId)
        else this.members.set(after, new Set([messageId]))
      }
    }
    this.#touchMessage(messageId, touched)
  }

  /** @param {string} messageId @param {Touched} touched */
  #touchMessage (messageId, touched) {
    touched.messages.add(messageId)
    const threadId = this.headerOf(messageId)?.thread_id
    if (threadId !== undefined) touched.threads.add(threadId)
  }
}

/**
 * Without placeholders, where the real header came: what stood in for it has nothing to say beside it.
 * @param {Fact[]} variants the shown one first
 */
export function told (variants) {
  if (variants.length < 2 || variants[0].fields.assumed) return variants
  return variants.filter(({ fields }) => !fields.assumed || fields.sender_id || fields.content)
}

/** @typedef {(one: Fact, other: Fact) => number} Order */
/** @typedef {(table: Map<any, Fact[]>, key: any, fact: Fact, order: Order) => void} Change */

/** @type {Order} */ const byText = (one, other) => compare(canonicalOf(one), canonicalOf(other))
/** @type {Order} */ const byStamp = (one, other) => compare(one.fields.stamp, other.fields.stamp) || byText(one, other)
/** @type {Order} */ const byRevision = (one, other) =>
  compare(one.fields.revision_id, other.fields.revision_id) || byText(one, other)
/** @type {Order} */ const byPiece = (one, other) => compare(one.fields.text, other.fields.text)
/** Told before assumed, then the smaller text. @type {Order} */
const byPreference = (one, other) => Number(one.fields.assumed) - Number(other.fields.assumed) || byText(one, other)
/** @type {Order} */ const byValue = (one, other) => compare(valueOf(one), valueOf(other))
/** @param {Fact} fact */
const valueOf = (fact) => canonical(/** @type {Map<string, any>} */ (parse(fact.text)).get('value'))

/** @type {Change} */
function insert (table, key, fact, order) {
  const facts = table.get(key)
  if (facts === undefined) {
    table.set(key, [fact])
    return
  }
  let at = facts.length
  while (at > 0 && order(facts[at - 1], fact) > 0) at--
  facts.splice(at, 0, fact)
}

/** @type {Change} */
function withdraw (table, key, fact) {
  const facts = table.get(key) ?? []
  const at = facts.findIndex((one) => one.root === fact.root && one.key === fact.key)
  if (at >= 0) facts.splice(at, 1)
  if (facts.length === 0) table.delete(key)
}

/** @template Key @template Inner @param {Map<Key, Map<Inner, Fact[]>>} tables @param {Key} key @param {(table: Map<Inner, Fact[]>) => void} change */
function within (tables, key, change) {
  const table = tables.get(key) ?? new Map()
  change(table)
  if (table.size > 0) tables.set(key, table)
  else tables.delete(key)
}
