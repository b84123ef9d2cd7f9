/**
 * What a document will say once the commands that wait are carried out, told apart by `pending` from what it says now.
 *
 * A command stays on top until the document shows what it did, whichever comes first, its answer or the update.
 */

import { localId, localRootId } from './commands.js'
import { msOf } from './ids.js'

/** @typedef {import('./assemble.js').Message} Message */
/** @typedef {import('./assemble.js').Thread} Thread */
/** @typedef {import('./assemble.js').ThreadConfig} ThreadConfig */
/** @typedef {import('./commands.js').Entry} Entry */
/** @typedef {Message & { pending?: boolean }} ShownMessage */
/** @typedef {Thread & { pending?: boolean }} ShownThread */
/** @typedef {ThreadConfig & { pending?: boolean }} ShownConfig */

/** Clocks of a page and its server may differ by so much. */
const SKEW_MS = 120_000
const CONFIG = new Set(['name', 'thread_color', 'thread_icon', 'pin'])

/** Records with what waits on top of them. */
export class Optimistic {
  /** @type {ShownThread[]} */ newThreads = []
  /** New messages by thread. @type {Map<string, ShownMessage[]>} */ newMessages = new Map()
  /** @type {Map<string, ((message: ShownMessage) => ShownMessage)[]>} */ messageChanges = new Map()
  /** @type {Map<string, ((thread: ShownThread) => ShownThread)[]>} */ threadChanges = new Map()
  /** @type {Map<string, ((config: ShownConfig) => ShownConfig)[]>} */ configChanges = new Map()
  /** Commands whose effect the document shows. @type {string[]} */ shown = []
  /** @type {Set<string>} */ #claimed = new Set()
  /** What the document shows of a command before its answer names it. @type {Map<string, string>} */ #seen = new Map()

  /**
   * @param {import('./reader.js').Reader} reader
   * @param {import('./commands.js').Outbox} outbox
   */
  constructor (reader, outbox) {
    this.reader = reader
    this.outbox = outbox
    for (const entry of outbox.entries) {
      if (entry.answer !== null && this.#isShown(entry)) this.shown.push(entry.command.command_id)
      else this.#lay(entry)
    }
  }

  /** @param {Entry} entry */
  #isShown ({ command, answer }) {
    const record = answer?.record
    if (!record) return true
    if (answer?.kind === 'Thread') {
      const thread = this.reader.thread(record.thread_id)
      return thread !== null && (record.deleted_at === null) === (thread.deleted_at === null)
    }
    if (answer?.kind === 'Message') {
      const message = this.reader.message(record.message_id)
      if (message === null || (record.deleted_at === null) !== (message.deleted_at === null)) return false
      return command.type !== 'edit' || message.history.some((one) => one.revision_id === record.history[0].revision_id)
    }
    if (answer?.kind === 'ThreadConfig') {
      return (this.reader.config(record.thread_id).updated_at ?? '') >= (record.updated_at ?? '')
    }
    return true
  }

  /** The id under which the document shows what was made under a local one, or the id itself. @param {string} id */
  resolve (id) {
    const named = this.outbox.resolve(id)
    return this.#seen.get(named) ?? named
  }

  /** @param {Entry} given */
  #lay (given) {
    const fields = Object.entries(given.command).map(([name, value]) =>
      [name, name.endsWith('_id') || name === 'reply_to' ? this.resolve(value) : value])
    const entry = { ...given, command: /** @type {import('./commands.js').Command} */ (Object.fromEntries(fields)) }
    const { command, queued_at_ms: queuedAtMs } = entry
    const date = new Date(queuedAtMs).toISOString()
    switch (command.type) {
      case 'create_thread': return this.#layThread(entry, date)
      case 'send': return this.#layMessage(entry, date)
      case 'queue_turn':
        if (command.message_id === undefined) this.#layMessage(entry, date, { acp_state: 'queued' })
        return
      case 'edit':
        return add(this.messageChanges, command.message_id, (message) => {
          const revision = { revision_id: localId(command.command_id), author_id: command.author_id, content: command.content, date }
          return { ...message, content: command.content, history: [revision, ...message.history], pending: true }
        })
      case 'delete':
      case 'delete_message':
        return add(this.messageChanges, command.message_id, (message) =>
          ({ ...message, deleted_at: date, deleted_by: command.deleted_by, pending: true }))
      case 'restore_message':
        return add(this.messageChanges, command.message_id, (message) =>
          ({ ...message, deleted_at: null, deleted_by: null, pending: true }))
      case 'delete_thread':
        return add(this.threadChanges, command.thread_id, (thread) =>
          ({ ...thread, deleted_at: date, deleted_by: command.deleted_by, pending: true }))
      case 'restore_thread':
        return add(this.threadChanges, command.thread_id, (thread) =>
          ({ ...thread, deleted_at: null, deleted_by: null, pending: true }))
      case 'configure':
        return add(this.configChanges, command.thread_id, (config) => configured(config, command, date))
    }
  }

  /** @param {Entry} entry @param {string} date */
  #layThread (entry, date) {
    const { command, answer } = entry
    const threadId = answer?.record?.thread_id ?? localId(command.command_id)
    const rootId = answer?.record?.root_message_id ?? localRootId(command.command_id)
    if (answer === null && this.#isHere(entry, (message) => message.reply_to_message_id === null)) return
    this.newThreads.push({
      thread_id: threadId, created_at: date, created_by: command.sender_id, root_message_id: rootId, schema_version: 2,
      deleted_at: null, deleted_by: null, extra: {}, pending: true
    })
    add(this.newMessages, threadId, newMessage(rootId, threadId, null, command, date, {}))
    add(this.configChanges, threadId, (config) => configured(config, command, date))
  }

  /** @param {Entry} entry @param {string} date @param {Record<string, any>} [extra] */
  #layMessage (entry, date, extra = {}) {
    const { command, answer } = entry
    if (answer === null && this.#isHere(entry, (message) => message.thread_id === command.thread_id)) return
    const id = answer?.record?.message_id ?? localId(command.command_id)
    const replyTo = command.reply_to ?? this.reader.thread(command.thread_id)?.root_message_id ?? null
    add(this.newMessages, command.thread_id, newMessage(id, command.thread_id, replyTo, command, date, extra))
  }

  /**
   * Whether the document shows what this command made, though its answer is still to come: nothing else names it.
   * @param {Entry} entry
   * @param {(message: Message) => boolean} fits
   */
  #isHere ({ command, queued_at_ms: queuedAtMs, known }, fits) {
    const found = candidates(this.reader, command).find((message) => fits(message) &&
      !known?.has(message.message_id) && !this.#claimed.has(message.message_id) &&
      msOf(message.date) >= queuedAtMs - SKEW_MS)
    if (found === undefined) return false
    this.#claimed.add(found.message_id)
    const isRoot = command.type === 'create_thread'
    this.#seen.set(localId(command.command_id), isRoot ? found.thread_id : found.message_id)
    if (isRoot) this.#seen.set(localRootId(command.command_id), found.message_id)
    return true
  }
}

/**
 * The messages that may be what a command made: of its sender and with its text.
 * @param {import('./reader.js').Reader} reader
 * @param {import('./commands.js').Command} command
 */
export function candidates (reader, command) {
  const messages = command.type === 'create_thread'
    ? reader.threads().flatMap((thread) => reader.message(thread.root_message_id) ?? [])
    : reader.messages(command.thread_id ?? '', { deleted: true })
  return messages.filter((one) => one.sender_id === command.sender_id && one.history.at(-1)?.content === command.content)
}

/** @template Value @param {Map<string, Value[]>} table @param {string} key @param {Value} value */
function add (table, key, value) {
  const values = table.get(key)
  if (values) values.push(value)
  else table.set(key, [value])
}

/** @param {string} id @param {string} threadId @param {string | null} replyTo @param {import('./commands.js').Command} command @param {string} date @param {Record<string, any>} extra @returns {ShownMessage} */
function newMessage (id, threadId, replyTo, command, date, extra) {
  const content = command.content ?? ''
  const revision = { revision_id: id, author_id: command.sender_id, content, date }
  return {
    message_id: id, thread_id: threadId, sender_id: command.sender_id, date, reply_to_message_id: replyTo,
    history: [revision], content, generating: false, acp_thread_id: null, acp_usage: null, acp_interrupted: null,
    acp_interrupted_reason: null, acp_interrupted_text: null, deleted_at: null, deleted_by: null, assumed: false,
    extra: { ...command.fields, ...extra }, pending: true
  }
}

/** @param {ShownConfig} config @param {import('./commands.js').Command} command @param {string} date @returns {ShownConfig} */
function configured (config, command, date) {
  const known = Object.fromEntries(Object.entries(command).filter(([name]) => CONFIG.has(name)))
  const acp = command.acp_config === undefined ? config.acp_config
    : command.acp_config === null ? null : { ...config.acp_config, ...command.acp_config }
  const extra = { ...config.extra, ...command.fields }
  return { ...config, ...known, acp_config: acp, extra, updated_at: date, updated_by: command.updated_by ?? command.sender_id, pending: true }
}
