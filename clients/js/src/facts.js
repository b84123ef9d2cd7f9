/**
 * A fact is the JSON text under a key that is computed from it; text and key are checked on reading, spelled on writing.
 *
 * `docs/format.md` has the roots, the keys, the fields and their order.
 */

import { canonical, parse, plain, treeOf } from './json.js'
import { STAMP_MS_END, isId, isUlid, timeMs } from './ids.js'
import { digest } from './sha256.js'

/** @typedef {'document' | 'thread' | 'message' | 'revision' | 'setting' | 'mark' | 'state' | 'live' | 'attic'} Root */
/** @typedef {import('./json.js').Tree} Tree */

/**
 * A fact as it lies in the Y document; `fields` are its values in JavaScript.
 * @typedef {{ root: Root, key: string, text: string, fields: any, canonical?: string }} Fact
 */

/** The root maps of the Y document. @type {Root[]} */
export const ROOTS = ['document', 'thread', 'message', 'revision', 'setting', 'mark', 'state', 'live', 'attic']

/** Facts of these roots are never removed. @type {ReadonlySet<Root>} */
export const LASTING = new Set(/** @type {Root[]} */ (
  ['document', 'thread', 'message', 'revision', 'setting', 'attic']))

const STATES = ['idle', 'queued', 'running', 'interrupted', 'error', 'complete']
const KEY_LENGTH_MAX = 512
const FIELD_LENGTH_MAX = 384
const DEPTH_MAX = 202

/** @typedef {(value: Tree) => boolean} Check */
/** @type {Check} */ const text = (value) => typeof value === 'string'
/** @type {Check} */ const flag = (value) => typeof value === 'boolean'
/** @type {Check} */ const whole = (value) => value instanceof Object && 'isWhole' in value && value.isWhole
/** @type {Check} */ const any = () => true
/** @type {(check: Check) => Check} */ const orNull = (check) => (value) => value === null || check(value)
/** @type {(...words: string[]) => Check} */ const oneOf = (...words) => (value) => words.includes(/** @type {any} */ (value))
/** @type {Check} */ const object = (value) => value instanceof Map

/** A field's name, what it must be, and its default: absent means it must be there. @typedef {[string, Check, any?]} Field */
/** @type {Record<Root, Field[]>} */
const FIELDS = {
  document: [['field', text], ['value', any]],
  thread: [['thread_id', text], ['created_at', text], ['created_by', text], ['root_message_id', text],
    ['schema_version', whole, 2], ['assumed', flag, false], ['extra', orNull(object), null]],
  message: [['message_id', text], ['thread_id', text], ['sender_id', text], ['date', text],
    ['reply_to_message_id', orNull(text), null], ['content', text, ''], ['revision_id', orNull(text), null],
    ['author_id', orNull(text), null], ['revised_at', orNull(text), null], ['assumed', flag, false],
    ['fields', orNull(object), null]],
  revision: [['message_id', text], ['revision_id', text], ['author_id', text], ['content', text], ['date', text]],
  setting: [['thread_id', text], ['field', text], ['stamp', text], ['value', any], ['by', text]],
  mark: [['message_id', text], ['field', text], ['stamp', text], ['value', any], ['by', text]],
  state: [['thread_id', text], ['stamp', text], ['state', oneOf(...STATES)], ['updated_at', text],
    ['active_message_id', orNull(text), null], ['extra', orNull(object), null]],
  live: [['message_id', text], ['seq', whole], ['text', text]],
  attic: [['kind', oneOf('row', 'line')], ['reason', text], ['text', text],
    ['encoding', oneOf('utf-8', 'escaped'), 'utf-8']]
}
/** Where fields that nobody here knows are kept. @type {Partial<Record<Root, string>>} */
const REST = { thread: 'extra', message: 'fields', state: 'extra' }

/** The name of a field as a key spells it. @param {string} field */
export function encodeField (field) {
  const quoted = encodeURIComponent(field).replace(/[!'()*]/g, (one) => '%' + one.charCodeAt(0).toString(16).toUpperCase())
  return quoted.slice(0, FIELD_LENGTH_MAX) || '~'
}

/** @type {Record<Root, (fields: any) => string>} */
const PATHS = {
  document: (fact) => `${encodeField(fact.field)}/`,
  thread: (fact) => `${fact.thread_id}/`,
  message: (fact) => `${fact.message_id}/`,
  revision: (fact) => `${fact.message_id}/${fact.revision_id}/`,
  setting: (fact) => `${fact.thread_id}/${encodeField(fact.field)}/${fact.stamp}/`,
  mark: (fact) => `${fact.message_id}/${encodeField(fact.field)}/${fact.stamp}/`,
  state: (fact) => `${fact.thread_id}/${fact.stamp}/`,
  live: (fact) => `${fact.message_id}/${String(fact.seq).padStart(10, '0')}/`,
  attic: () => ''
}

const ID = '(?:[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})'
const FIELD = `[A-Za-z0-9_.~%-]{1,${FIELD_LENGTH_MAX}}`
const STAMP = '(?<stamp>[0-7][0-9A-HJKMNP-TV-Z]{25})'
const DIGEST = '[0-9a-f]{16}'
/** @type {Record<Root, RegExp>} */
const KEYS = {
  document: new RegExp(`^${FIELD}/${DIGEST}$`),
  thread: new RegExp(`^${ID}/${DIGEST}$`),
  message: new RegExp(`^${ID}/${DIGEST}$`),
  revision: new RegExp(`^${ID}/${STAMP}/${DIGEST}$`),
  setting: new RegExp(`^${ID}/${FIELD}/${STAMP}/${DIGEST}$`),
  mark: new RegExp(`^${ID}/${FIELD}/${STAMP}/${DIGEST}$`),
  state: new RegExp(`^${ID}/${STAMP}/${DIGEST}$`),
  live: new RegExp(`^${ID}/[0-9]{10}/${DIGEST}$`),
  attic: new RegExp(`^${DIGEST}$`)
}

/**
 * Whether a peer may write this key: it has the shape of its root's keys, and its stamp lies before 2100.
 * @param {string} root
 * @param {string} key
 */
export function isKey (root, key) {
  const found = key.length <= KEY_LENGTH_MAX && Object.hasOwn(KEYS, root) && KEYS[/** @type {Root} */ (root)].exec(key)
  return found ? found.groups?.stamp === undefined || timeMs(found.groups.stamp) < STAMP_MS_END : false
}

/**
 * The fact under a key, or null when the text is no sound fact or is not what the key was computed from.
 * @param {Root} root
 * @param {string} key
 * @param {unknown} value
 * @returns {Fact | null}
 */
export function decode (root, key, value) {
  if (typeof value !== 'string' || !isKey(root, key) || !key.endsWith(digest(value))) return null
  const fields = readFields(root, value)
  if (fields === null || !isShallow(value)) return null
  if (PATHS[root](fields) + key.slice(-16) !== key || !isSound(root, fields)) return null
  return { root, key, text: value, fields }
}

/**
 * Root, key and text of a fact; raises TypeError where the fields are not those of the root.
 * @param {Root} root
 * @param {object} fields
 * @returns {Fact}
 */
export function encode (root, fields) {
  const given = /** @type {Map<string, Tree>} */ (treeOf(fields))
  const tree = settle(root, given)
  const stranger = [...given.keys()].find((name) => FIELDS[root].every(([known]) => known !== name))
  if (tree === null || stranger !== undefined) {
    throw new TypeError(`no ${root} fact: expected ${FIELDS[root].map(([name]) => name).join(', ')}; got ${[...given.keys()].join(', ')}`)
  }
  const text = write(root, tree)
  const key = PATHS[root](plain(tree)) + digest(text)
  const fact = decode(root, key, text)
  if (fact === null) throw new TypeError(`no ${root} fact: an id, a date or a stamp in it is none, or lies beyond 2099`)
  return fact
}

/**
 * The canonical text of a fact: two facts with one are the same fact, and it decides between facts of one stamp.
 * @param {Fact} fact
 * @returns {string}
 */
export function canonicalOf (fact) {
  fact.canonical ??= write(fact.root, /** @type {Map<string, Tree>} */ (read(fact.root, fact.text)))
  return fact.canonical
}

/** What only the reader that keeps spellings can judge: halves of pairs, numbers that may be infinite or not whole. */
const SUBTLE = /\\u[dD]|\d[eE]\+?\d{3}|\d{300}|"schema_version"|"seq":\s*\d*[^\d,}]/

/** The values of a fact's fields, or null. @param {Root} root @param {string} text @returns {any} */
function readFields (root, text) {
  try {
    if (SUBTLE.test(text)) {
      const tree = read(root, text)
      return tree && plain(tree)
    }
    return settlePlain(root, JSON.parse(text))
  } catch {
    return null
  }
}

/** The same as `settle`, of values whose spelling says nothing more. @param {Root} root @param {any} given */
function settlePlain (root, given) {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) return null
  /** @type {Record<string, any>} */
  const fields = {}
  const known = FIELDS[root]
  let found = 0
  for (let at = 0; at < known.length; at++) {
    const field = known[at]
    const name = field[0]
    if (Object.hasOwn(given, name)) {
      if (!isFit(field[1], given[name])) return null
      fields[name] = given[name]
      found++
    } else if (field.length > 2) {
      fields[name] = field[2]
    } else {
      return null
    }
  }
  const rest = REST[root]
  if (rest !== undefined) {
    const names = Object.keys(given)
    if (names.length > found) {
      const unknown = names.filter((name) => !Object.hasOwn(fields, name)).map((name) => [name, given[name]])
      fields[rest] = { ...Object.fromEntries(unknown), ...fields[rest] }
    }
  }
  return fields
}

/** Whether a plain value would pass a check of trees. @param {Check} check @param {any} value */
function isFit (check, value) {
  if (typeof value === 'number') return check === any || (check === whole && Number.isInteger(value))
  if (value !== null && typeof value === 'object') return check === any || (!Array.isArray(value) && check(NO_MEMBERS))
  return check(value)
}
const NO_MEMBERS = new Map()

/** @param {Root} root @param {string} text */
function read (root, text) {
  const tree = parse(text)
  return tree instanceof Map ? settle(root, tree) : null
}

/** Every field of the root in its order, with defaults; null when one is missing or of a wrong kind. @param {Root} root @param {Map<string, Tree>} given */
function settle (root, given) {
  /** @type {Map<string, Tree>} */
  const fields = new Map()
  for (const [name, check, ...otherwise] of FIELDS[root]) {
    if (given.has(name)) {
      const value = /** @type {Tree} */ (given.get(name))
      if (!check(value)) return null
      fields.set(name, value)
    } else if (otherwise.length > 0) {
      fields.set(name, treeOf(otherwise[0]))
    } else {
      return null
    }
  }
  const rest = REST[root]
  const unknown = rest ? [...given].filter(([name]) => !fields.has(name)) : []
  if (rest && unknown.length > 0) {
    fields.set(rest, new Map([...unknown, .../** @type {Map<string, Tree>} */ (fields.get(rest) ?? new Map())]))
  }
  return fields
}

/** @param {Root} root @param {Map<string, Tree>} fields */
function write (root, fields) {
  const members = []
  for (const [name, , ...otherwise] of FIELDS[root]) {
    const value = canonical(/** @type {Tree} */ (fields.get(name)))
    if (root === 'attic' || otherwise.length === 0 || value !== JSON.stringify(otherwise[0])) {
      members.push(`${JSON.stringify(name)}:${value}`)
    }
  }
  return `{${members.join(',')}}`
}

const DATE = /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/
/** @param {any} value */
const isIdOrNull = (value) => value === null || (typeof value === 'string' && isId(value))

/** Whether a fact names nothing that cannot be. @param {Root} root @param {any} fact */
function isSound (root, fact) {
  switch (root) {
    case 'message':
      return isId(fact.thread_id) && DATE.test(fact.date) && isIdOrNull(fact.reply_to_message_id) &&
        (fact.revision_id === null || (isUlid(fact.revision_id) && timeMs(fact.revision_id) < STAMP_MS_END)) &&
        (fact.revised_at === null || DATE.test(fact.revised_at))
    case 'revision': return DATE.test(fact.date)
    case 'thread': return isId(fact.root_message_id) && DATE.test(fact.created_at)
    case 'state': return isIdOrNull(fact.active_message_id) && DATE.test(fact.updated_at)
    case 'mark': return fact.field !== 'reply_to_message_id' || isIdOrNull(fact.value)
    default: return true
  }
}

/** Whether a text has at most so many levels of lists and objects. @param {string} text */
function isShallow (text) {
  if ((text.match(/[{[]/g) ?? []).length <= DEPTH_MAX) return true
  let level = [JSON.parse(text)]
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    level = level.filter((value) => value !== null && typeof value === 'object')
    if (level.length === 0) return true
    level = level.flatMap((value) => Object.values(value))
  }
  return false
}
