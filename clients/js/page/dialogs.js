/**
 * Dialogs: who one is, a new thread, a thread's settings, a message's history; each answers once and closes with Escape.
 */

import { byId, make, nameOf, timeOf } from './elements.js'

/**
 * Show a dialog and wait for its answer: its form's values, or null when it was cancelled.
 * @param {string} id
 * @param {Record<string, string | boolean>} [values]
 * @returns {Promise<{ answer: string, given: FormData } | null>}
 */
function ask (id, values = {}) {
  const dialog = byId(id)
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector('form'))
  form.reset()
  for (const [name, value] of Object.entries(values)) {
    const field = /** @type {HTMLInputElement} */ (form.elements.namedItem(name))
    if (typeof value === 'boolean') field.checked = value
    else field.value = value
  }
  return new Promise((resolve) => {
    const shown = /** @type {HTMLDialogElement} */ (dialog)
    shown.returnValue = ''
    shown.addEventListener('close', () => {
      const answer = shown.returnValue
      resolve(answer === '' ? null : { answer, given: new FormData(form) })
    }, { once: true })
    shown.showModal()
  })
}

/** @param {import('./chat.js').Page} page @param {string} why */
export async function signIn (page, why) {
  byId('sign-in-help').textContent = why || 'Your name stands beside all you write.'
  const answered = await ask('sign-in', { id: page.user.id, token: page.server.token ?? '' })
  if (answered === null) return null
  return { id: String(answered.given.get('id')).trim(), token: String(answered.given.get('token')).trim() }
}

/** @param {import('./chat.js').Page} page */
export async function startThread (page) {
  const answered = await ask('start')
  if (answered === null || page.doc === null) return
  const { given } = answered
  const name = String(given.get('name')).trim()
  const content = String(given.get('content'))
  if (content.trim() === '') return
  const made = page.doc.createThread({ content, ...(name && { name }) })
  if (given.has('agent')) page.doc.queueTurn(made.id, { message_id: made.root_id })
  page.goTo(made.id)
}

/** @param {import('./chat.js').Page} page */
export async function threadSettings (page) {
  const { doc, threadId } = page
  if (doc === null) return
  const config = doc.config(threadId)
  byId('config-history').replaceChildren(...doc.configHistory(threadId).map((change) => make('li', {},
    make('div', { className: 'help' }, `${nameOf(change.by)} · `, timeOf(change.at)),
    make('p', { textContent: change.value === null ? `${change.field} cleared` : `${change.field}: ${typeof change.value === 'string' ? change.value : JSON.stringify(change.value)}` }))))
  const answered = await ask('settings', { name: config.name ?? '', pin: config.pin })
  if (answered === null) return
  if (answered.answer === 'delete') {
    doc.deleteThread(threadId)
    location.hash = page.address(page.path)
    return
  }
  const name = String(answered.given.get('name')).trim() || null
  const pin = answered.given.has('pin')
  const changed = { ...(name !== config.name && { name }), ...(pin !== config.pin && { pin }) }
  if (Object.keys(changed).length > 0) doc.configure(threadId, changed)
}

/** @param {import('./messages.js').Message} message */
export function showHistory (message) {
  byId('history-list').replaceChildren(...message.history.map((one, at) => make('li', {},
    make('div', { className: 'help' }, `${nameOf(one.author_id)} · `, timeOf(one.date), at === 0 ? ' · shown now' : ''),
    make('p', { textContent: one.content }))))
  ask('history')
}
