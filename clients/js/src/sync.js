/**
 * Synchronisation by y-protocols over a websocket: what either side lacks, then every change, again after each break.
 *
 * It speaks to `chatdoc serve`, where JSON goes beside the document: answers to commands, and what was refused. Without
 * a subprotocol it speaks to any y-websocket server.
 */

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const QUERY_AWARENESS = 3
const STATELESS = 5
const SUBPROTOCOL = 'chatdoc'
const BACKOFF_MS_MAX = 10_000
const SILENT_MS_MAX = 45_000
const ANSWER_MS_MAX = 30_000
const COMMAND_LENGTH_MAX = 100_000

/** `synced` says that both sides had all of each other once; `denied` that coming back as we are is no use. */
/** @typedef {'connecting' | 'synced' | 'offline' | 'denied' | 'closed'} Status */
/** @typedef {import('y-protocols/awareness').Awareness} Awareness */
/** @typedef {import('./commands.js').Answer} Answer */
/**
 * A fact of ours that the server did not take: where, and of what type it was. One that is not permanent is asked for again.
 * @typedef {{ code: string, detail: string, root: string | null, key: string | null, type: string | null, permanent: boolean }} RefusedUpdate
 */
/**
 * @typedef {object} ConnectionOptions
 * @property {string} url where the document is synchronised: `ws://…/sync/<path>`
 * @property {Y.Doc} ydoc
 * @property {Awareness} awareness
 * @property {string | null} [token]
 * @property {string | null} [subprotocol] `chatdoc`, or null for a server that does not know it
 * @property {typeof globalThis.WebSocket} [WebSocket]
 * @property {(status: Status, reason: string) => void} onStatus
 * @property {(refused: RefusedUpdate[]) => void} onRefused what of our own facts was not taken
 * @property {(reason: string | null) => void} [onReadOnly] why nothing can be written here; null once a connection begins anew
 */

/** One document's connection, which comes back by itself until it is closed. */
export class Connection {
  /** @type {WebSocket | null} */ #socket = null
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer
  /** @type {ReturnType<typeof setInterval>} */ #watch
  /** @type {Map<string, { resolve: (answer: Answer) => void, reject: (error: Error) => void }>} */ #asked = new Map()
  #failures = 0
  #heardAt = 0
  /** @type {Status} */ #status = 'offline'
  reason = ''

  /** @param {ConnectionOptions} options */
  constructor (options) {
    this.options = options
    this.token = options.token ?? null
    options.ydoc.on('update', this.#sendUpdate)
    options.awareness.on('update', this.#sendAwareness)
    this.#watch = setInterval(() => this.#look(), 5000)
    if (typeof this.#watch === 'object') this.#watch.unref()
    globalThis.addEventListener?.('online', this.#comeBack)
    globalThis.addEventListener?.('offline', this.#leave)
    this.#connect()
  }

  /** @returns {Status} */
  get status () { return this.#status }

  /** Whether a command can be given over this connection now; long ones go over HTTP. @param {object} command */
  takes (command) {
    return this.#status === 'synced' && this.#socket?.protocol === SUBPROTOCOL &&
      JSON.stringify(command).length <= COMMAND_LENGTH_MAX
  }

  /**
   * Give a command; rejects when the connection breaks before the answer, which says nothing of whether it was done.
   * @param {{ command_id: string }} command
   * @returns {Promise<Answer>}
   */
  ask (command) {
    return new Promise((resolve, reject) => {
      if (!this.takes(command)) {
        reject(new Error('not connected'))
        return
      }
      const late = setTimeout(() => this.#socket?.close(), ANSWER_MS_MAX)
      this.#asked.set(command.command_id, {
        resolve: (answer) => { clearTimeout(late); resolve(answer) },
        reject: (error) => { clearTimeout(late); reject(error) }
      })
      this.#send((encoder) => {
        encoding.writeVarUint(encoder, STATELESS)
        encoding.writeVarString(encoder, JSON.stringify(command))
      })
    })
  }

  /** Try again at once, after a token was given or somebody asked for it. @param {string | null} [token] */
  retry (token = this.token) {
    this.token = token
    if (this.#status === 'closed' || this.#socket !== null) return
    this.#failures = 0
    this.#connect()
  }

  /** End it for good. */
  close () {
    this.#tell('closed', '')
    clearTimeout(this.#timer)
    clearInterval(this.#watch)
    this.options.ydoc.off('update', this.#sendUpdate)
    this.options.awareness.off('update', this.#sendAwareness)
    globalThis.removeEventListener?.('online', this.#comeBack)
    globalThis.removeEventListener?.('offline', this.#leave)
    this.#socket?.close()
  }

  #look () {
    const silentMs = Date.now() - this.#heardAt
    if (silentMs < 0) { // The clock was set back: until it is where it was, nothing would be late.
      this.#heardAt = Date.now()
      const { awareness } = this.options
      awareness.setLocalState(awareness.getLocalState())
    } else if (this.#socket !== null && silentMs > SILENT_MS_MAX) {
      this.#socket.close()
    }
  }

  #comeBack = () => this.retry()
  #leave = () => this.#socket?.close()

  #connect () {
    clearTimeout(this.#timer)
    this.#tell('connecting', '')
    const Socket = this.options.WebSocket ?? globalThis.WebSocket
    const socket = new Socket(this.options.url, this.options.subprotocol === null ? [] : [SUBPROTOCOL])
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#heardAt = Date.now()
    socket.onopen = () => {
      this.options.onReadOnly?.(null)
      this.#greet()
    }
    socket.onmessage = ({ data }) => {
      this.#heardAt = Date.now()
      this.#read(new Uint8Array(data))
    }
    socket.onclose = ({ code, reason }) => { if (this.#socket === socket) this.#lose(code, reason) }
    socket.onerror = () => {}
  }

  #greet () {
    const { ydoc, awareness } = this.options
    if (this.token !== null) {
      const token = this.token
      this.#send((encoder) => {
        encoding.writeVarUint(encoder, AUTH)
        encoding.writeVarUint(encoder, 0)
        encoding.writeVarString(encoder, token)
      })
    }
    this.#sendSync(0, Y.encodeStateVector(ydoc))
    if (awareness.getLocalState() !== null) this.#sendPresence([ydoc.clientID])
  }

  /** @param {number} code @param {string} reason */
  #lose (code, reason) {
    this.#socket = null
    for (const { reject } of this.#asked.values()) reject(new Error('the connection broke'))
    this.#asked.clear()
    const { awareness, ydoc } = this.options
    const others = [...awareness.getStates().keys()].filter((client) => client !== ydoc.clientID)
    removeAwarenessStates(awareness, others, this)
    if (this.#status === 'closed') return
    if (code >= 4400 && code < 4500) {
      this.#tell('denied', reason || this.reason)
      return
    }
    this.#tell('offline', reason)
    const wait = Math.min(100 * 2 ** this.#failures++, BACKOFF_MS_MAX) * (0.5 + Math.random() / 2)
    this.#timer = setTimeout(() => this.#connect(), wait)
    if (typeof this.#timer === 'object') this.#timer.unref()
  }

  /** @param {Uint8Array} data */
  #read (data) {
    const decoder = decoding.createDecoder(data)
    switch (decoding.readVarUint(decoder)) {
      case SYNC: return this.#readSync(decoder)
      case AWARENESS:
        return applyAwarenessUpdate(this.options.awareness, decoding.readVarUint8Array(decoder), this)
      case AUTH:
        decoding.readVarUint(decoder)
        this.reason = decoding.readVarString(decoder)
        return
      case QUERY_AWARENESS: return this.#sendPresence([...this.options.awareness.getStates().keys()])
      case STATELESS: return this.#readJson(JSON.parse(decoding.readVarString(decoder)))
    }
  }

  /** @param {decoding.Decoder} decoder */
  #readSync (decoder) {
    const step = decoding.readVarUint(decoder)
    const body = decoding.readVarUint8Array(decoder)
    const { ydoc } = this.options
    if (step === 0) {
      this.#sendSync(1, Y.encodeStateAsUpdate(ydoc, body))
      return
    }
    Y.applyUpdate(ydoc, body, this)
    if (step === 1 && this.#status !== 'synced') {
      this.#failures = 0
      this.#tell('synced', '')
    }
  }

  /** @param {any} message */
  #readJson (message) {
    if (message.type === 'answer') {
      // An answer to what could not be read names no command; there is one on its way at most.
      const commandId = message.command_id ?? [...this.#asked.keys()][0]
      this.#asked.get(commandId)?.resolve(message)
      this.#asked.delete(commandId)
    } else if (message.type === 'read_only') {
      this.options.onReadOnly?.(message.reason)
    } else if (message.type === 'update_refused') {
      this.options.onRefused(message.refused)
    }
  }

  /** @param {Uint8Array} update @param {unknown} origin */
  #sendUpdate = (update, origin) => { if (origin !== this) this.#sendSync(2, update) }

  /** @param {{ added: number[], updated: number[], removed: number[] }} changed @param {unknown} origin */
  #sendAwareness = ({ added, updated, removed }, origin) => {
    if (origin !== this) this.#sendPresence([...added, ...updated, ...removed])
  }

  /** @param {number} step @param {Uint8Array} body */
  #sendSync (step, body) {
    this.#send((encoder) => {
      encoding.writeVarUint(encoder, SYNC)
      encoding.writeVarUint(encoder, step)
      encoding.writeVarUint8Array(encoder, body)
    })
  }

  /** @param {number[]} clients */
  #sendPresence (clients) {
    this.#send((encoder) => {
      encoding.writeVarUint(encoder, AWARENESS)
      encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(this.options.awareness, clients))
    })
  }

  /** @param {(encoder: encoding.Encoder) => void} write */
  #send (write) {
    if (this.#socket?.readyState !== 1) return
    const encoder = encoding.createEncoder()
    write(encoder)
    this.#socket.send(/** @type {any} */ (encoding.toUint8Array(encoder)))
  }

  /** @param {Status} status @param {string} reason */
  #tell (status, reason) {
    this.reason = reason
    if (status === this.#status) return
    this.#status = status
    this.options.onStatus(status, reason)
  }
}
