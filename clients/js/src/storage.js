/**
 * Where commands wait, so that a page that is closed before they were answered sends them when it is opened again.
 *
 * Pages of one browser share it, and each sends all it found there: the command id makes them one, and each page learns
 * from the answer what its own commands name.
 */

/** @typedef {{ command: import('./commands.js').Command, queued_at_ms: number }} Stored */
/**
 * @typedef {object} Storage
 * @property {() => Stored[]} load what waits, in the order in which it was given
 * @property {(entry: Stored) => boolean | void} put false where it is gone when the page is closed
 * @property {(commandId: string) => void} remove
 */

/** Keeps commands as long as the program runs. @implements {Storage} */
export class MemoryStorage {
  /** @type {Map<string, Stored>} */ #entries = new Map()

  load () { return [...this.#entries.values()] }

  /** @param {Stored} entry */
  put (entry) {
    this.#entries.set(entry.command.command_id, entry)
    return false
  }

  /** @param {string} commandId */
  remove (commandId) { this.#entries.delete(commandId) }
}

/** Keeps commands in a browser's local storage, an entry each, while there is room. @implements {Storage} */
export class BrowserStorage {
  /** @param {string} name says whose commands these are: server, document and user */
  constructor (name) { this.prefix = `chatdoc:${name}:` }

  load () {
    const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? '')
    const own = keys.filter((key) => key.startsWith(this.prefix)).sort()
    return own.flatMap((key) => {
      try {
        return [JSON.parse(localStorage.getItem(key) ?? '')]
      } catch {
        return [] // Somebody else's, or half written when the machine stopped.
      }
    })
  }

  /** @param {Stored} entry */
  put (entry) {
    try {
      localStorage.setItem(this.prefix + entry.command.command_id, JSON.stringify(entry))
      return true
    } catch {
      return false
    }
  }

  /** @param {string} commandId */
  remove (commandId) { localStorage.removeItem(this.prefix + commandId) }
}
