/**
 * The server's HTTP routes, with the token in a header; what is no answer to a command is an error.
 */

import { UnknownToken } from './commands.js'

const PATIENCE_MS = 30_000

/** One server. */
export class Server {
  /**
   * @param {string} url where it is: `http://127.0.0.1:8765/`, or the path it is mounted at
   * @param {{ token?: string | null, fetch?: typeof globalThis.fetch }} [options]
   */
  constructor (url, { token = null, fetch = globalThis.fetch } = {}) {
    const base = new URL(url, globalThis.location?.href)
    base.hash = base.search = ''
    if (!base.pathname.endsWith('/')) base.pathname += '/'
    this.url = base.href
    this.token = token
    this.fetch = fetch.bind(globalThis)
  }

  /** Where a document is synchronised. @param {string} path */
  syncUrl (path) { return `${this.url.replace(/^http/, 'ws')}sync/${encodePath(path)}` }

  /** The documents of the folder. @returns {Promise<{ path: string, open: boolean }[]>} */
  async documents () { return (await this.listing()).documents }

  /**
   * The same with the folders that the server could not look into, and why.
   * @returns {Promise<{ documents: { path: string, open: boolean }[], unreadable: { path: string, reason: string }[] }>}
   */
  listing () { return this.get('api/documents') }

  /** What the rules say of a document. @param {string} path @returns {Promise<any>} */
  integrity (path) { return this.get(`api/documents/${encodePath(path)}/integrity`) }

  /** @param {string} address below the server's url @returns {Promise<any>} */
  async get (address) {
    const response = await this.fetch(this.url + address, { headers: this.#headers(), signal: AbortSignal.timeout(PATIENCE_MS) })
    if (response.status === 401) throw new UnknownToken('the server asks for a token')
    if (!response.ok) throw new Error(`${response.status} ${(await response.json().catch(() => null))?.error?.message ?? ''}`.trim())
    return response.json()
  }

  /**
   * Give a command; throws where what became of it is not known, or where it may be known later.
   * @param {string} path
   * @param {import('./commands.js').Command} command
   * @returns {Promise<import('./commands.js').Answer>}
   */
  async command (path, command) {
    const response = await this.fetch(`${this.url}api/documents/${encodePath(path)}/commands`, {
      method: 'POST',
      headers: { ...this.#headers(), 'Content-Type': 'application/json' },
      body: JSON.stringify(command),
      signal: AbortSignal.timeout(PATIENCE_MS)
    })
    if (response.status === 401) throw new UnknownToken('the server asks for a token')
    /** @type {import('./commands.js').Answer | null} */
    const answer = await response.json().catch(() => null)
    if (answer !== null && typeof answer.ok === 'boolean') return answer
    throw new Error(`the server answered ${response.status}`)
  }

  /** @returns {Record<string, string>} */
  #headers () { return this.token === null ? {} : { Authorization: `Bearer ${this.token}` } }
}

/** @param {string} path */
const encodePath = (path) => path.split('/').map(encodeURIComponent).join('/')
