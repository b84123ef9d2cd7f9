/**
 * The list of threads: pinned ones first, then those with the newest message; the one that is open is marked.
 */

import { byId, keep, make, nameOf, timeOf } from './elements.js'
import { firstLine } from './text.js'

/** @param {import('./chat.js').Page} page */
export function drawThreads (page) {
  const doc = /** @type {NonNullable<typeof page.doc>} */ (page.doc)
  const all = doc.threads({ deleted: true })
  const gone = all.filter((thread) => thread.deleted_at !== null)
  const toggle = byId('show-deleted')
  toggle.hidden = gone.length === 0
  toggle.textContent = `${page.showsDeleted ? 'Hide' : 'Show'} ${gone.length} deleted`
  toggle.setAttribute('aria-expanded', String(page.showsDeleted))
  const rows = all.filter((thread) => page.showsDeleted || thread.deleted_at === null).map((thread) => {
    const last = doc.lastMessage(thread.thread_id)
    return {
      id: thread.thread_id,
      title: titleOf(page, thread.thread_id),
      isPinned: doc.config(thread.thread_id).pin,
      date: last?.date ?? thread.created_at,
      last: last === null ? '' : `${nameOf(last.sender_id)}: ${firstLine(last.content) || '…'}`.slice(0, 120),
      state: thread.deleted_at !== null ? 'deleted' : thread.pending ? 'sending' : { running: 'writing', queued: 'waiting' }[/** @type {string} */ (doc.state(thread.thread_id)?.state)] ?? '',
      isOpen: thread.thread_id === page.threadId
    }
  })
  rows.sort((one, other) => Number(other.isPinned) - Number(one.isPinned) || (one.date < other.date ? 1 : -1))
  keep(byId('thread-list'), rows, ({ id }) => id, (row) => JSON.stringify(row), (row) => {
    const name = make('span', { className: 'name', textContent: row.title })
    const chips = [row.isPinned ? 'pinned' : '', row.state].filter(Boolean).flatMap((textContent) => [make('span', { className: 'chip', textContent }), ' '])
    const link = make('a', { href: page.address(page.path, row.id) }, name, ' ', timeOf(row.date, true), ' ', make('span', { className: 'last' }, ...chips, row.last))
    if (row.isOpen) link.setAttribute('aria-current', 'true')
    return make('li', {}, link)
  })
  byId('no-threads').hidden = rows.length > 0 || doc.status.connection !== 'synced'
  byId('choose').hidden = page.threadId !== ''
}

/** A thread's name, or how it begins. @param {import('./chat.js').Page} page @param {string} threadId */
export function titleOf ({ doc }, threadId) {
  const name = doc?.config(threadId).name
  if (name?.trim()) return name
  const root = doc?.message(doc.thread(threadId)?.root_message_id ?? '')
  return firstLine(root?.deleted_at === null ? root.content : '').slice(0, 80) || 'Untitled'
}
