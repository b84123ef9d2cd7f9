/**
 * Where commands wait, so that a page that is closed before they were answered sends them when it is opened again.
 *
 * Pages of one browser share it. Two that send the same command do no harm: its command id makes it one.
 */

/** @typedef {{ command: import('./commands.js').Command, queued_at_ms: number }} Stored */
/**
 * @typedef {object} Storage
 * @property {() => Stored[]} load what waits, in the order in which it was given
 * @property {(entry: Stored) => void} put
 * @property {(commandId: string) => void} remove
 * @property {(onRemoved: (commandId: string) => void) => () => void} watch hear what other pages removed; returns what ends it
 */

/** Keeps commands as long as the program runs. @implements {Storage} */
export class MemoryStorage {
  /** @type {Map<string, Stored>} */ #entries = new Map()

  load () { return [...this.#entries.values()] }

  /** @param {Stored} entry */
  put (entry) { this.#entries.set(entry.command.command_id, entry) }

  /** @param {string} commandId */
  remove (commandId) { this.#entries.delete(commandId) }

  watch () { return () => {} }
}

/** Keeps commands in a browser's local storage, an entry each; without room there, in memory. @implements {Storage} */
export class BrowserStorage {
  #memory = new MemoryStorage()

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
    } catch {
      this.#memory.put(entry)
    }
  }

  /** @param {string} commandId */
  remove (commandId) { localStorage.removeItem(this.prefix + commandId) }

  /** @param {(commandId: string) => void} onRemoved */
  watch (onRemoved) {
    const hear = (/** @type {StorageEvent} */ { key, newValue }) => {
      if (key?.startsWith(this.prefix) && newValue === null) onRemoved(key.slice(this.prefix.length))
    }
    addEventListener('storage', hear)
    return () => removeEventListener('storage', hear)
  }
}
