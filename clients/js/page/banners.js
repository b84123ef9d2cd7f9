/**
 * Notices above everything: a broken connection, what waits or was refused, and rules that the document breaks.
 */

import { byId, keep, make, nameOf } from './elements.js'

const SETTLE_MS = 1000
const PAUSE_MS = 5000
const AGAIN_MS = 30_000
/** @typedef {{ key: string, text: string, isBad?: boolean, does?: [string, () => void][], link?: [string, string] }} Notice */

/** @param {import('./chat.js').Page} page */
export function drawBanners (page) {
  const notices = page.doc === null ? [] : [...connection(page), ...refusals(page), ...file(page), ...rules(page), ...deletion(page)]
  keep(byId('banners'), notices, ({ key }) => key, ({ text, isBad }) => `${text} ${isBad}`, ({ text, isBad = false, does = [], link }) => {
    const banner = make('div', { className: isBad ? 'banner bad' : 'banner' }, make('p', { textContent: text }))
    for (const [label, act] of does) banner.append(make('button', { type: 'button', textContent: label, onclick: act }))
    if (link !== undefined) banner.append(make('a', { className: 'button', href: link[1], textContent: link[0] }))
    return banner
  })
}

/** @param {import('./chat.js').Page} page @returns {Notice[]} */
function connection (page) {
  const doc = /** @type {NonNullable<typeof page.doc>} */ (page.doc)
  const { connection: status, reason, read_only: readOnly, waiting, unkept, blocked_by: blockedBy } = doc.status
  const kept = unkept > 0
    ? `${unkept === 1 ? 'One change waits' : `${unkept} changes wait`}, and this browser has no room to keep ${unkept === 1 ? 'it' : 'them'}: leave this page open.`
    : waiting === 0 ? 'What you write is kept and sent later.'
    : `${waiting === 1 ? 'One change waits' : `${waiting} changes wait`} and will be sent.`
  if (blockedBy === 'unknown_token' || (status === 'denied' && /token/.test(reason))) {
    return [{ key: 'connection', text: `The server does not know you. ${kept}`, isBad: true, does: [['Sign in', () => page.signIn('The server did not take the token.')]] }]
  }
  if (status === 'denied') {
    return [{ key: 'connection', text: `The server refused the connection: ${sentence(reason || 'without a word')}`, isBad: true, does: [['Try again', () => doc.retry()]] }]
  }
  if (status === 'offline' || (status === 'connecting' && page.wasOffline)) {
    page.wasOffline = true
    if (status === 'offline') page.whyOffline = reason
    const why = page.whyOffline === '' ? 'No connection.' : `The server ended the connection: ${sentence(page.whyOffline)}`
    return [{ key: 'connection', text: `${why} ${kept}`, does: [['Try now', () => doc.retry()]] }]
  }
  if (status === 'synced') page.wasOffline = false
  if (readOnly !== null) return [{ key: 'connection', text: `This chat can only be read: ${readOnly}` }]
  return []
}

/** @param {import('./chat.js').Page} page @returns {Notice[]} */
function refusals (page) {
  const doc = /** @type {NonNullable<typeof page.doc>} */ (page.doc)
  const { refusals: refused, refused_updates: updates } = doc.status
  /** @type {Notice[]} */
  const found = refused.map(({ command, message }) => {
    const content = typeof command.content === 'string' ? command.content : ''
    const what = content === '' ? command.type.replaceAll('_', ' ') : `“${content.trim().slice(0, 60)}”`
    const back = () => { page.composer.take(content); doc.dismiss(command.command_id) }
    return {
      key: command.command_id,
      text: `Not done: ${what}. ${message}`,
      isBad: true,
      does: [...(content === '' ? [] : [/** @type {[string, () => void]} */ (['Write it again', back])]), ['Dismiss', () => doc.dismiss(command.command_id)]]
    }
  })
  if (updates.length > 0) {
    found.push({ key: 'updates', text: `The server did not take a change of this page: ${updates.at(-1)?.detail}`, isBad: true, does: [['Dismiss', () => doc.dismiss()]] })
  }
  return found
}

/** @param {import('./chat.js').Page} page @returns {Notice[]} */
function file ({ integrity }) {
  if (!integrity?.unwritten) return []
  return [{ key: 'file', text: `This chat is not written to its file: ${sentence(integrity.unwritten)}`, isBad: true }]
}

/** @param {import('./chat.js').Page} page @returns {Notice[]} */
function rules ({ integrity, path }) {
  if (integrity === null || integrity.ok) return []
  const codes = [...new Set(integrity.violations.map(({ code }) => code))].join(', ')
  const count = integrity.violations.length
  return [{
    key: 'rules',
    text: `This chat breaks ${count === 1 ? 'a rule' : `${count} rules`}: ${codes}. Nothing is lost; somebody should look.`,
    isBad: true,
    link: ['Look', `debug/${path.split('/').map(encodeURIComponent).join('/')}`]
  }]
}

/** @param {import('./chat.js').Page} page @returns {Notice[]} */
function deletion ({ doc, threadId }) {
  const thread = doc?.thread(threadId)
  if (!thread || thread.deleted_at === null) return []
  return [{
    key: 'deleted',
    text: `This thread was deleted by ${nameOf(thread.deleted_by)}.`,
    does: [['Restore', () => doc?.restoreThread(thread.thread_id)]]
  }]
}

/** Words of the server's with a full stop, unless they were cut. @param {string} words */
const sentence = (words) => words.replace(/(?<![.…])$/, '.')

/**
 * Ask what the rules say and whether the file is written, some time after each change, and now and then without one.
 * @param {import('./chat.js').Page} page
 */
export function watchIntegrity (page) {
  let asked = /** @type {unknown} */ (null)
  const look = async () => {
    const { doc, path } = page
    const now = doc && `${doc.reader.changes} ${Math.floor(Date.now() / AGAIN_MS)}`
    let pause = SETTLE_MS
    if (doc !== null && doc.status.connection === 'synced' && `${path} ${now}` !== asked) {
      asked = `${path} ${now}`
      pause = PAUSE_MS
      const report = await page.server.integrity(path).catch(() => null)
      if (report !== null && page.doc === doc) {
        page.integrity = report
        page.draw()
      }
    }
    setTimeout(look, pause)
  }
  look()
}
