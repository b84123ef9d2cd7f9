/**
 * A record is what its facts say together: the identity that is shown, and for each field the greatest stamp.
 */

import { canonicalOf } from './facts.js'
import { STAMP_END, derive, iso, isUlid, msOf, timeMs } from './ids.js'
import { compare } from './json.js'
import { told } from './view.js'

/** @typedef {import('./facts.js').Fact} Fact */
/** @typedef {{ revision_id: string, author_id: string, content: string, date: string }} Revision */
/**
 * @typedef {object} Thread
 * @property {string} thread_id
 * @property {string} created_at
 * @property {string} created_by
 * @property {string} root_message_id
 * @property {number} schema_version
 * @property {string | null} deleted_at
 * @property {string | null} deleted_by
 * @property {Record<string, any>} extra
 */
/**
 * @typedef {object} ThreadConfig
 * @property {string} thread_id
 * @property {string | null} name
 * @property {string | null} thread_color
 * @property {string | null} thread_icon
 * @property {boolean} pin
 * @property {Record<string, any> | null} acp_config
 * @property {string | null} updated_at
 * @property {string | null} updated_by
 * @property {Record<string, any>} extra
 */
/** @typedef {{ thread_id: string, field: string, value: any, by: string, stamp: string, at: string }} ConfigChange */
/**
 * @typedef {object} ThreadState
 * @property {string} thread_id
 * @property {'idle' | 'queued' | 'running' | 'interrupted' | 'error' | 'complete'} state
 * @property {string | null} active_message_id
 * @property {string} updated_at
 * @property {Record<string, any>} extra
 */
/**
 * `history` is newest first, `content` is its first text; both include what a streaming answer says until now.
 * @typedef {object} Message
 * @property {string} message_id
 * @property {string} thread_id
 * @property {string} sender_id
 * @property {string} date
 * @property {string | null} reply_to_message_id
 * @property {Revision[]} history
 * @property {string} content
 * @property {boolean} generating
 * @property {string | null} acp_thread_id
 * @property {Record<string, any> | null} acp_usage
 * @property {boolean | null} acp_interrupted
 * @property {string | null} acp_interrupted_reason
 * @property {string | null} acp_interrupted_text
 * @property {string | null} deleted_at
 * @property {string | null} deleted_by
 * @property {boolean} assumed
 * @property {Record<string, any>} extra
 */

const ACP = 'acp_config.'
/** @param {any} value */ const isText = (value) => typeof value === 'string'
/** @param {any} value */ const isFlag = (value) => typeof value === 'boolean'
/** @param {any} value */ const isObject = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
/** @type {[string, (value: any) => boolean, any][]} */
const MESSAGE_FIELDS = [['generating', isFlag, false], ['acp_thread_id', isText, null], ['acp_usage', isObject, null],
  ['acp_interrupted', isFlag, null], ['acp_interrupted_reason', isText, null], ['acp_interrupted_text', isText, null]]
/** @type {[string, (value: any) => boolean, any][]} */
const CONFIG_FIELDS = [['name', isText, null], ['thread_color', isText, null], ['thread_icon', isText, null],
  ['pin', isFlag, false]]

/** @param {Fact[]} variants the shown one first @param {Map<string, Fact[]>} settings @returns {Thread} */
export function buildThread (variants, settings) {
  const { thread_id, created_at, created_by, root_message_id, schema_version } = variants[0].fields
  const gone = goneBy(settings.get('deleted'))
  const extra = Object.fromEntries([...variants].reverse().flatMap((one) => Object.entries(one.fields.extra ?? {})))
  return { thread_id, created_at, created_by, root_message_id, schema_version, ...gone, extra: structuredClone(extra) }
}

/** @param {string} threadId @param {Map<string, Fact[]>} settings @returns {ThreadConfig} */
export function buildConfig (threadId, settings) {
  /** @type {Map<string, any>} */ const known = new Map(CONFIG_FIELDS.map(([name, , otherwise]) => [name, otherwise]))
  /** @type {[string, any][]} */ const extra = []
  /** @type {[string, any][]} */ const acp = []
  /** @type {any} */ let newest = null
  for (const field of [...settings.keys()].sort(compare)) {
    if (field === 'deleted') continue
    const fact = settings.get(field)?.at(-1)?.fields
    if (newest === null || fact.stamp > newest.stamp) newest = fact
    if (fact.value === null) continue
    const value = structuredClone(fact.value)
    const check = CONFIG_FIELDS.find(([name]) => name === field)
    if (field.startsWith(ACP)) acp.push([field.slice(ACP.length), value])
    else if (check?.[1](value)) known.set(field, value)
    else extra.push([field, value])
  }
  return {
    thread_id: threadId,
    .../** @type {any} */ (Object.fromEntries(known)),
    acp_config: acp.length > 0 ? Object.fromEntries(acp) : null,
    updated_at: newest && iso(timeMs(newest.stamp)),
    updated_by: newest && newest.by,
    extra: Object.fromEntries(extra)
  }
}

/** Every change of every field, newest first. @param {Map<string, Fact[]>} settings @returns {ConfigChange[]} */
export function buildConfigHistory (settings) {
  const facts = [...settings].sort(([one], [other]) => compare(one, other)).flatMap(([, one]) => distinct(one))
  const changes = facts.map(({ fields: { thread_id, field, value, by, stamp } }) =>
    ({ thread_id, field, value: structuredClone(value), by, stamp, at: iso(timeMs(stamp)) }))
  return changes.sort((one, other) => compare(other.stamp, one.stamp) || compare(other.field, one.field))
}

/** @param {Fact} fact @returns {ThreadState} */
export function buildState ({ fields: { thread_id, state, active_message_id, updated_at, extra } }) {
  return { thread_id, state, active_message_id, updated_at, extra: structuredClone(extra ?? {}) }
}

/**
 * @param {Fact[]} variants the shown one first
 * @param {Fact[]} revisions
 * @param {Map<string, Fact[]>} marks
 * @param {Map<number, Fact[]>} pieces
 * @returns {Message}
 */
export function buildMessage (variants, revisions, marks, pieces) {
  const picked = variants[0].fields
  if (variants.length === 1 && revisions.length === 0 && marks.size === 0 && pieces.size === 0 && picked.fields === null) {
    return plainMessage(picked)
  }
  /** @type {Map<string, any>} */
  const fields = new Map([...told(variants)].reverse().flatMap((one) => Object.entries(one.fields.fields ?? {})))
  for (const [field, facts] of marks) fields.set(field, facts.at(-1)?.fields.value)
  fields.delete('deleted')
  let replyTo = picked.reply_to_message_id
  if (marks.has('reply_to_message_id')) {
    replyTo = fields.get('reply_to_message_id')
    fields.delete('reply_to_message_id')
  }
  /** @type {[string, any][]} */
  const known = MESSAGE_FIELDS.map(([name, check, otherwise]) => {
    const value = fields.get(name)
    if (!fields.has(name) || !check(value)) return [name, otherwise]
    fields.delete(name)
    return [name, structuredClone(value)]
  })
  const history = buildHistory(variants, revisions)
  if (pieces.size > 0 && known[0][1] === true) {
    const live = [...pieces.keys()].sort((one, other) => one - other).map((seq) => pieces.get(seq)?.[0].fields.text)
    history[0] = { ...history[0], content: history[0].content + live.join('') }
  }
  const extra = [...fields].filter(([, value]) => value !== null).sort(([one], [other]) => compare(one, other))
  const { message_id, thread_id, sender_id, date, assumed } = picked
  return {
    message_id, thread_id, sender_id, date, reply_to_message_id: replyTo, history, content: history[0].content,
    .../** @type {any} */ (Object.fromEntries(known)), ...goneBy(marks.get('deleted')), assumed,
    extra: structuredClone(Object.fromEntries(extra))
  }
}

/** A message nobody has touched since it was sent, as nearly all are. @param {any} header @returns {Message} */
function plainMessage (header) {
  const { message_id, thread_id, sender_id, date, reply_to_message_id, content, assumed } = header
  return {
    message_id, thread_id, sender_id, date, reply_to_message_id, history: [firstRevision(header)], content,
    generating: false, acp_thread_id: null, acp_usage: null, acp_interrupted: null, acp_interrupted_reason: null,
    acp_interrupted_text: null, deleted_at: null, deleted_by: null, assumed, extra: {}
  }
}

/** Every text a message ever had, newest first; of two copies of one header each keeps its text. @param {Fact[]} variants @param {Fact[]} revisions @returns {Revision[]} */
function buildHistory (variants, revisions) {
  const [picked, ...others] = told(variants)
  const first = firstRevision(picked.fields)
  const found = new Map([[identity(first), first]])
  for (const { fields } of others) {
    let other = firstRevision(fields)
    if (other.revision_id === first.revision_id && (identity(other) !== identity(first) || other.date !== first.date)) {
      other = { ...other, revision_id: deriveRevision(fields.message_id, other.date, other.author_id, other.content) }
    }
    if (!found.has(identity(other))) found.set(identity(other), other)
  }
  for (const { fields: { revision_id, author_id, content, date } } of revisions) {
    const revision = { revision_id, author_id, content, date }
    if (!found.has(identity(revision))) found.set(identity(revision), revision)
  }
  return [...found.values()].sort((one, other) => compare(other.revision_id, one.revision_id) ||
    compare(other.content, one.content) || compare(other.author_id, one.author_id))
}

/** @param {Revision} one */
const identity = (one) => JSON.stringify([one.revision_id, one.content, one.author_id])

/** The revision a header carries, with what it leaves out filled in. @param {any} header @returns {Revision} */
function firstRevision (header) {
  const author = header.author_id ?? header.sender_id
  const date = header.revised_at ?? header.date
  const id = header.message_id
  const revisionId = header.revision_id ??
    (isUlid(id) && id < STAMP_END ? id : deriveRevision(id, date, author, header.content))
  return { revision_id: revisionId, author_id: author, content: header.content, date }
}

/** @param {string} messageId @param {string} date @param {string} authorId @param {string} content */
const deriveRevision = (messageId, date, authorId, content) =>
  derive('revision', msOf(date), messageId, authorId, content)

/** @param {Fact[] | undefined} facts of the field `deleted` */
function goneBy (facts) {
  const last = facts?.at(-1)?.fields
  return last?.value === true
    ? { deleted_at: iso(timeMs(last.stamp)), deleted_by: last.by }
    : { deleted_at: null, deleted_by: null }
}

/** Without repetitions of one fact in other words. @param {Fact[]} facts */
const distinct = (facts) => facts.filter((fact, at) => at === 0 || canonicalOf(fact) !== canonicalOf(facts[at - 1]))
