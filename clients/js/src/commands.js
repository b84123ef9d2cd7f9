/**
 * An outbox of commands: in order, one on its way at a time, each repeated under its own command id until it is answered.
 *
 * The server keeps a receipt under that id, so a repetition changes nothing, whatever became of the first try.
 */

import { Mint } from './ids.js'

/** @typedef {{ type: string, command_id: string, [field: string]: any }} Command */
/** @typedef {{ ok: boolean, command_id: string | null, receipt: object | null, kind?: string, record?: any, sequence?: number, error?: { code: string, message: string } }} Answer */
/**
 * A command that waits, or whose answer is here while the document has not shown it yet; `known` are messages that were
 * there before it and look like what it makes; one that is not kept is lost with the page.
 * @typedef {{ command: Command, queued_at_ms: number, answer: Answer | null, known?: Set<string>, isKept?: boolean }} Entry
 */
/** @typedef {{ command: Command, code: string, message: string }} Refusal */
/** How a command reaches the server: answers, or throws where the answer is not known. */
/** @typedef {(command: Command) => Promise<Answer>} Deliver */

/** A command was refused, and nothing was written. */
export class CommandRefused extends Error {
  /** @param {Refusal} refusal */
  constructor ({ command, code, message }) {
    super(message)
    this.name = 'CommandRefused'
    this.command = command
    this.code = code
  }
}

/** The server does not know who asks; the command waits until it is given a token. */
export class UnknownToken extends Error {}

/** What a server refuses without asking the document, however often it is repeated. */
const DECIDED = new Set(['misuse', 'too_large', 'not_allowed', 'not_found', 'read_only', 'document_moved'])

/** Whether an answer stands for every repetition: it has a receipt. A server that cannot ask its document now has none. @param {Answer} answer */
const isDecided = ({ ok, receipt, error }) => ok || receipt !== null || DECIDED.has(error?.code ?? '')

const LOCAL = 'local:'
const BACKOFF_MS_MAX = 15_000

/** The id that stands for what a command will make, until the server has named it. @param {string} commandId */
export const localId = (commandId) => LOCAL + commandId

/** The same for the root message of the thread that a command will make. @param {string} commandId */
export const localRootId = (commandId) => `${LOCAL}${commandId}:root`

/** The commands of one document that wait. */
export class Outbox {
  /** @type {Entry[]} */ #entries = []
  /** @type {Map<string, { resolve: (record: any) => void, reject: (error: Error) => void }>} */ #waiting = new Map()
  /** @type {Map<string, string>} */ #named = new Map()
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer
  /** The greatest id that was there: storage is in the order of ids, whatever the clock says by now. @type {string | undefined} */ #above
  #isSending = false
  #isClosed = false
  #failures = 0

  /**
   * @param {object} options
   * @param {Deliver} options.deliver
   * @param {import('./storage.js').Storage} options.storage
   * @param {() => void} options.onChange called when what waits, or is blocked, changed
   * @param {(refusal: Refusal) => void} options.onRefused
   * @param {Mint} [options.mint]
   * @param {(failures: number) => number} [options.patienceMs]
   * @param {(command: Command) => Set<string>} [options.known]
   */
  constructor ({ deliver, storage, onChange, onRefused, mint = new Mint(), patienceMs = backoffMs, known }) {
    this.deliver = deliver
    this.storage = storage
    this.onChange = onChange
    this.onRefused = onRefused
    this.mint = mint
    this.patienceMs = patienceMs
    this.known = known
    /** Why nothing goes out, or null. @type {'offline' | 'unknown_token' | null} */
    this.blockedBy = null
    this.#entries = storage.load().map((entry) => ({ ...entry, answer: null, isKept: true }))
    this.#above = this.#entries.map(({ command }) => command.command_id).sort().at(-1)
    queueMicrotask(() => this.flush())
  }

  /** What waits or is not shown yet, in order. */
  get entries () { return [...this.#entries] }

  /** How many commands have no answer yet. */
  get waiting () { return this.#entries.filter(({ answer }) => answer === null).length }

  /** How many of these are lost when the page is closed. */
  get unkept () { return this.#entries.filter(({ answer, isKept }) => answer === null && !isKept).length }

  /** The server's id for what was made under a local one, or the id itself. @param {string} id */
  resolve (id) { return this.#named.get(id) ?? id }

  /**
   * Queue a command; `answer` resolves to the record it made, or rejects with CommandRefused.
   * @param {string} type
   * @param {object} fields
   * @returns {{ command_id: string, id: string, root_id: string, answer: Promise<any> }}
   */
  put (type, fields) {
    const commandId = this.mint.mint(this.#above)
    const given = Object.entries(fields).filter(([, value]) => value !== undefined)
    const command = this.#renamed({ type, command_id: commandId, ...Object.fromEntries(given) })
    /** @type {Entry} */
    const entry = { command, queued_at_ms: Date.now(), answer: null, known: this.known?.(command) }
    const answer = new Promise((resolve, reject) => this.#waiting.set(commandId, { resolve, reject }))
    answer.catch(() => {}) // Who looks at `refusals` need not listen here too.
    this.#entries.push(entry)
    entry.isKept = this.storage.put({ command, queued_at_ms: entry.queued_at_ms }) !== false
    this.onChange()
    this.flush()
    return { command_id: commandId, id: localId(commandId), root_id: localRootId(commandId), answer }
  }

  /** Forget an answered command, once the document shows what it did. @param {string} commandId */
  shown (commandId) {
    this.#entries = this.#entries.filter(({ command, answer }) => command.command_id !== commandId || answer === null)
  }

  /** Send what waits, now. */
  flush () {
    clearTimeout(this.#timer)
    if (this.#isSending || this.#isClosed) return
    const entry = this.#entries.find(({ answer }) => answer === null)
    if (entry === undefined) {
      this.#block(null)
      return
    }
    this.#isSending = true
    this.#send(entry).finally(() => { this.#isSending = false }).then((goesOn) => { if (goesOn) this.flush() })
  }

  /** Send nothing more; what waits stays in the storage. */
  close () {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** @param {Entry} entry */
  async #send (entry) {
    let answer
    try {
      answer = await this.deliver(entry.command)
      if (!isDecided(answer)) throw new Error(answer.error?.message)
    } catch (error) {
      if (this.#isClosed) return false
      this.#block(error instanceof UnknownToken ? 'unknown_token' : 'offline')
      if (!(error instanceof UnknownToken)) {
        this.#timer = setTimeout(() => this.flush(), this.patienceMs(this.#failures++))
        if (typeof this.#timer === 'object') this.#timer.unref()
      }
      return false
    }
    this.#failures = 0
    if (this.#isClosed) return false
    this.#block(null)
    if (answer.ok) this.#accept(entry, answer)
    else this.#refuse(entry, answer.error ?? { code: 'refused', message: 'refused without a word' })
    this.onChange()
    return true
  }

  /** @param {Entry} entry @param {Answer} answer */
  #accept (entry, answer) {
    const { command } = entry
    this.storage.remove(command.command_id)
    entry.answer = answer
    const { record } = answer
    if (record?.root_message_id !== undefined) {
      this.#named.set(localId(command.command_id), record.thread_id)
      this.#named.set(localRootId(command.command_id), record.root_message_id)
    } else if (record?.message_id !== undefined) {
      this.#named.set(localId(command.command_id), record.message_id)
    }
    for (const other of this.#entries) {
      if (other.answer === null) other.command = this.#renamed(other.command)
    }
    for (const stored of this.storage.load()) { // Some are of pages that are closed by now.
      const renamed = this.#renamed(stored.command)
      if (JSON.stringify(renamed) !== JSON.stringify(stored.command)) this.storage.put({ ...stored, command: renamed })
    }
    this.#waiting.get(command.command_id)?.resolve(record ?? answer.sequence)
    this.#waiting.delete(command.command_id)
  }

  /** Refuse a command, and those that name what it would have made. @param {Entry} entry @param {{ code: string, message: string }} error */
  #refuse (entry, { code, message }) {
    const { command } = entry
    this.storage.remove(command.command_id)
    this.#entries = this.#entries.filter((one) => one !== entry)
    const refusal = { command, code, message }
    this.#waiting.get(command.command_id)?.reject(new CommandRefused(refusal))
    this.#waiting.delete(command.command_id)
    this.onRefused(refusal)
    const names = [localId(command.command_id), localRootId(command.command_id)]
    for (const other of this.#entries.filter((one) => Object.values(one.command).some((value) => names.includes(value)))) {
      this.#refuse(other, { code: 'follows_refused', message: 'what it is about was refused before it' })
    }
  }

  /** @param {Command} command @returns {Command} */
  #renamed (command) {
    const fields = Object.entries(command).map(([name, value]) => [name, typeof value === 'string' && name !== 'content' ? this.resolve(value) : value])
    return /** @type {Command} */ (Object.fromEntries(fields))
  }

  /** @param {'offline' | 'unknown_token' | null} reason */
  #block (reason) {
    if (this.blockedBy === reason) return
    this.blockedBy = reason
    this.onChange()
  }
}

/** @param {number} failures */
const backoffMs = (failures) => Math.min(250 * 2 ** failures, BACKOFF_MS_MAX) * (0.5 + Math.random() / 2)
