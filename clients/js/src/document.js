/**
 * One `.chat` document of a server, as a page uses it: records that are live, commands that are never lost, presence.
 */

import * as Y from 'yjs'
import { Awareness } from 'y-protocols/awareness'
import { Outbox } from './commands.js'
import { Optimistic, candidates } from './optimistic.js'
import { Reader } from './reader.js'
import { Server } from './server.js'
import { BrowserStorage, MemoryStorage } from './storage.js'
import { Connection } from './sync.js'

/** @typedef {import('./commands.js').Refusal} Refusal */
/** @typedef {import('./optimistic.js').ShownMessage} ShownMessage */
/** @typedef {import('./optimistic.js').ShownThread} ShownThread @typedef {import('./optimistic.js').ShownConfig} ShownConfig */
/** What a command gives back at once: ids that stand for what it will make, and the promise of the record. */
/** @typedef {{ command_id: string, id: string, root_id: string, answer: Promise<any> }} Sent */
/** @typedef {{ client_id: number, user: { id: string, name: string }, thread_id: string | null, is_typing: boolean }} Peer */
/**
 * @typedef {object} Status
 * @property {import('./sync.js').Status} connection
 * @property {string} reason why the connection is as it is, where the server said so
 * @property {string | null} read_only why nothing can be written here, or null
 * @property {number} waiting commands without an answer
 * @property {number} unkept those of them that are lost when the page is closed: the browser had no room for them
 * @property {'offline' | 'unknown_token' | null} blocked_by why they wait
 * @property {Refusal[]} refusals commands that were refused, until they are dismissed
 * @property {import('./sync.js').RefusedUpdate[]} refused_updates own facts, written past the commands, that were not taken
 */

/** The field that names who gives a command. @type {Record<string, string>} */
const AUTHORS = {
  create_thread: 'sender_id', send: 'sender_id', fork: 'sender_id', queue_turn: 'sender_id', edit: 'author_id',
  delete: 'deleted_by', delete_message: 'deleted_by', delete_thread: 'deleted_by', restore_message: 'restored_by',
  restore_thread: 'restored_by', configure: 'updated_by', withdraw: 'by', send_now: 'by', interrupt: 'by'
}
const REFUSALS_MAX = 20

/**
 * @typedef {object} DocumentOptions
 * @property {string | Server} server where `chatdoc serve` is: `http://127.0.0.1:8765/`
 * @property {string} path the document below the folder: `sub/team.chat`
 * @property {{ id: string, name?: string }} user who writes here
 * @property {string | null} [token]
 * @property {import('./storage.js').Storage} [storage] where commands wait; the browser's local storage unless told otherwise
 * @property {Y.Doc} [ydoc]
 * @property {typeof globalThis.WebSocket} [WebSocket]
 * @property {typeof globalThis.fetch} [fetch]
 */

/** An open document. */
export class ChatDocument {
  /** @type {Set<() => void>} */ #listeners = new Set()
  /** @type {Optimistic | null} */ #optimistic = null
  #isTold = true
  /** Why nothing can be written, or null. @type {string | null} */ readOnly = null
  /** @type {Refusal[]} */ refusals = []
  /** @type {import('./sync.js').RefusedUpdate[]} */ refusedUpdates = []

  /** @param {DocumentOptions} options */
  constructor ({ server, path, user, token = null, storage, ydoc = new Y.Doc(), WebSocket, fetch }) {
    this.server = server instanceof Server ? server : new Server(server, { token, fetch })
    this.server.token ??= token
    this.path = path
    this.user = user
    this.ydoc = ydoc
    this.reader = new Reader(ydoc)
    this.reader.subscribe(() => this.#change())
    this.awareness = new Awareness(ydoc)
    this.awareness.setLocalState({ user: { id: user.id, name: user.name ?? user.id }, thread_id: null, is_typing: false })
    this.awareness.on('change', () => this.#change())
    this.outbox = new Outbox({
      storage: storage ?? defaultStorage(`${this.server.url}:${path}:${user.id}`),
      deliver: (command) => this.connection.takes(command) ? this.connection.ask(command) : this.server.command(path, command),
      known: (command) => new Set(candidates(this.reader, command).map((message) => message.message_id)),
      onChange: () => this.#change(),
      onRefused: (refusal) => { this.refusals = [...this.refusals, refusal].slice(-REFUSALS_MAX) }
    })
    this.connection = new Connection({
      url: this.server.syncUrl(path),
      ydoc,
      awareness: this.awareness,
      token: this.server.token,
      WebSocket,
      onStatus: (status) => {
        if (status === 'synced') this.outbox.flush()
        this.#change()
      },
      onReadOnly: (reason) => {
        this.readOnly = reason
        this.#change()
      },
      onRefused: (refused) => {
        this.refusedUpdates = [...this.refusedUpdates, ...refused.filter((one) => one.permanent)].slice(-REFUSALS_MAX)
        this.#change()
      }
    })
  }

  /**
   * Call a function after any change of records, presence or status; several changes of one moment are one call.
   * @param {() => void} listener
   */
  subscribe (listener) {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** How things stand. @returns {Status} */
  get status () {
    return {
      connection: this.connection.status,
      reason: this.connection.reason,
      read_only: this.readOnly,
      waiting: this.outbox.waiting,
      unkept: this.outbox.unkept,
      blocked_by: this.outbox.blockedBy,
      refusals: this.refusals,
      refused_updates: this.refusedUpdates
    }
  }

  // records, with what waits on top; `pending` is true where it does

  /** All threads by creation date. @param {{deleted?: boolean}} [options] @returns {ShownThread[]} */
  threads ({ deleted = false } = {}) {
    const { newThreads, threadChanges } = this.#shown
    const waiting = newThreads.filter((one) => this.reader.thread(one.thread_id) === null)
    const found = [...this.reader.threads({ deleted: true }), ...waiting].map((one) => changed(threadChanges, one.thread_id, one))
    return found.filter((one) => deleted || one.deleted_at === null)
  }

  /** One thread, also a deleted one, or null. @param {string} threadId @returns {ShownThread | null} */
  thread (threadId) {
    const id = this.#shown.resolve(threadId)
    const thread = this.reader.thread(id) ?? this.#shown.newThreads.find((one) => one.thread_id === id) ?? null
    return thread && changed(this.#shown.threadChanges, id, thread)
  }

  /** A thread's messages: the root, then by date; those that wait at the end. @param {string} threadId @param {{deleted?: boolean}} [options] @returns {ShownMessage[]} */
  messages (threadId, { deleted = false } = {}) {
    const id = this.#shown.resolve(threadId)
    const { newMessages, messageChanges } = this.#shown
    const there = this.reader.messages(id, { deleted: true })
    const waiting = (newMessages.get(id) ?? []).filter((one) => this.reader.message(one.message_id) === null)
    return [...there, ...waiting].map((one) => changed(messageChanges, one.message_id, one))
      .filter((one) => deleted || one.deleted_at === null)
  }

  /** A thread's newest message that is not deleted, or null. @param {string} threadId @returns {ShownMessage | null} */
  lastMessage (threadId) {
    const id = this.#shown.resolve(threadId)
    const { newMessages, messageChanges } = this.#shown
    if (newMessages.has(id) || messageChanges.size > 0) return this.messages(id).at(-1) ?? null
    return this.reader.lastMessage(id)
  }

  /** One message with its history, also a deleted one, or null. @param {string} messageId @returns {ShownMessage | null} */
  message (messageId) {
    const id = this.#shown.resolve(messageId)
    const { newMessages, messageChanges } = this.#shown
    const message = this.reader.message(id) ?? [...newMessages.values()].flat().find((one) => one.message_id === id) ?? null
    return message && changed(messageChanges, id, message)
  }

  /** A thread's config, the defaults where nothing was set. @param {string} threadId @returns {ShownConfig} */
  config (threadId) {
    const id = this.#shown.resolve(threadId)
    return changed(this.#shown.configChanges, id, /** @type {ShownConfig} */ (this.reader.config(id)))
  }

  /** Who set which field when, newest first. @param {string} threadId */
  configHistory (threadId) { return this.reader.configHistory(this.#shown.resolve(threadId)) }

  /** What the thread's agent is doing, or null. @param {string} threadId */
  state (threadId) { return this.reader.state(this.#shown.resolve(threadId)) }

  /** The messages that wait for the thread's agent, the next one first. @param {string} threadId */
  queue (threadId) { return this.reader.queue(this.#shown.resolve(threadId)) }

  // commands: each is queued at once, sent in order, and repeated until it is answered

  /** Start a thread with its root message and fields of its config. @param {{ content: string, name?: string, acp_config?: object, pin?: boolean, thread_color?: string, thread_icon?: string }} fields @returns {Sent} */
  createThread (fields) { return this.command('create_thread', fields) }

  /** Add a message to a thread; `fields` are of one's own. @param {string} threadId @param {{ content: string, reply_to?: string, fields?: object }} fields @returns {Sent} */
  send (threadId, fields) { return this.command('send', { thread_id: threadId, ...fields }) }

  /** Give a message a new text. @param {string} messageId @param {{ content: string }} fields @returns {Sent} */
  edit (messageId, fields) { return this.command('edit', { message_id: messageId, ...fields }) }

  /** Mark a message deleted; its history stays. @param {string} messageId @returns {Sent} */
  deleteMessage (messageId) { return this.command('delete_message', { message_id: messageId }) }

  /** Take a message's deletion back. @param {string} messageId @returns {Sent} */
  restoreMessage (messageId) { return this.command('restore_message', { message_id: messageId }) }

  /** Mark a thread deleted. @param {string} threadId @returns {Sent} */
  deleteThread (threadId) { return this.command('delete_thread', { thread_id: threadId }) }

  /** Take a thread's deletion back. @param {string} threadId @returns {Sent} */
  restoreThread (threadId) { return this.command('restore_thread', { thread_id: threadId }) }

  /** Set the given fields of a thread's config and no other, one's own in `fields`; null clears one. @param {string} threadId @param {object} fields @returns {Sent} */
  configure (threadId, fields) { return this.command('configure', { thread_id: threadId, ...fields }) }

  /** Start a thread that goes on from one message of another. @param {string} threadId @param {{ at: string, name?: string }} fields @returns {Sent} */
  fork (threadId, fields) { return this.command('fork', { thread_id: threadId, ...fields }) }

  /** Send a message that waits for the thread's agent, or let one wait that is there (`message_id`). @param {string} threadId @param {{ content?: string, message_id?: string, reply_to?: string, fields?: object }} fields @returns {Sent} */
  queueTurn (threadId, fields) { return this.command('queue_turn', { thread_id: threadId, ...fields }) }

  /** Let a queued message wait no longer. @param {string} threadId @param {string} messageId @returns {Sent} */
  withdraw (threadId, messageId) { return this.command('withdraw', { thread_id: threadId, message_id: messageId }) }

  /** Let a queued message go before all that wait. @param {string} threadId @param {string} messageId @returns {Sent} */
  sendNow (threadId, messageId) { return this.command('send_now', { thread_id: threadId, message_id: messageId }) }

  /** Stop an answer that is being written; what was streamed stays. @param {string} threadId @param {string} messageId @returns {Sent} */
  interrupt (threadId, messageId) { return this.command('interrupt', { thread_id: threadId, message_id: messageId }) }

  /** Answer what an agent asked. @param {string} threadId @param {{ request_id: string, decision: string }} fields @returns {Sent} */
  respondApproval (threadId, fields) { return this.command('respond_approval', { thread_id: threadId, ...fields }) }

  /** Any command of the server, with the parameters of the Python method; its author is the user. @param {string} type @param {object} fields @returns {Sent} */
  command (type, fields) {
    return this.outbox.put(type, type in AUTHORS ? { [AUTHORS[type]]: this.user.id, ...fields } : fields)
  }

  /** Show a refusal no longer. @param {string} [commandId] of all, without one */
  dismiss (commandId) {
    this.refusals = this.refusals.filter(({ command }) => commandId !== undefined && command.command_id !== commandId)
    if (commandId === undefined) this.refusedUpdates = []
    this.#change()
  }

  // presence

  /** Tell the others where one is, and whether one writes. @param {{ thread_id?: string | null, is_typing?: boolean }} where */
  present (where) {
    const state = this.awareness.getLocalState() ?? {}
    const next = { ...state, ...where }
    if (JSON.stringify(next) !== JSON.stringify(state)) this.awareness.setLocalState(next)
  }

  /** Who else is here, one entry a page. @returns {Peer[]} */
  peers () {
    return [...this.awareness.getStates()].flatMap(([clientId, state]) => {
      const { user, thread_id: threadId, is_typing: isTyping } = state
      if (clientId === this.ydoc.clientID || typeof user?.id !== 'string') return []
      return [{
        client_id: clientId,
        user: { id: user.id, name: typeof user.name === 'string' ? user.name : user.id },
        thread_id: typeof threadId === 'string' ? threadId : null,
        is_typing: isTyping === true
      }]
    })
  }

  /** Come back with a token, or try now what would be tried later. @param {string | null} [token] */
  retry (token = this.server.token) {
    this.server.token = token
    this.connection.retry(token)
    this.outbox.flush()
  }

  /** Let go of the document; commands that wait stay in the storage. */
  close () {
    this.outbox.close()
    this.awareness.setLocalState(null)
    this.connection.close()
    this.awareness.destroy()
    this.reader.close()
    this.#listeners.clear()
  }

  get #shown () {
    if (this.#optimistic === null) {
      this.#optimistic = new Optimistic(this.reader, this.outbox)
      for (const commandId of this.#optimistic.shown) this.outbox.shown(commandId)
    }
    return this.#optimistic
  }

  #change () {
    this.#optimistic = null
    if (!this.#isTold) return
    this.#isTold = false
    queueMicrotask(() => {
      this.#isTold = true
      for (const listener of [...this.#listeners]) listener()
    })
  }
}

/** @template Value @param {Map<string, ((value: Value) => Value)[]>} changes @param {string} id @param {Value} value @returns {Value} */
const changed = (changes, id, value) => (changes.get(id) ?? []).reduce((one, change) => change(one), value)

/** @param {string} name */
function defaultStorage (name) {
  try {
    localStorage.getItem(name) // Refused where a page may store nothing.
    return new BrowserStorage(name)
  } catch {
    return new MemoryStorage()
  }
}
