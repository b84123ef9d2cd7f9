/**
 * The messages of the open thread, as they are written; each with what one can do about it.
 */

import { showHistory } from './dialogs.js'
import { byId, colour, initials, keep, make, nameOf, timeOf } from './elements.js'
import { firstLine, nodesOf } from './text.js'

const PAGE = 200
const NEAR_PX = 80
const SPOKEN_MAX = 400
const TEXT_MAX = 20_000
/** @typedef {import('../src/optimistic.js').ShownMessage} Message */

/** Draws the open thread. */
export class Messages {
  #limit = PAGE
  #isAtEnd = true
  /** The message that is being edited. */
  editing = ''
  /** Which record an element shows; records of a document do not change. @type {WeakMap<object, number>} */ #versions = new WeakMap()
  #lastVersion = 0
  /** Messages that were told of, or were there at first. @type {Set<string> | null} */ #told = null

  /** @param {import('./chat.js').Page} page */
  constructor (page) {
    this.page = page
    byId('earlier').addEventListener('click', () => this.#goBack())
    byId('scroll').addEventListener('scroll', () => { this.#isAtEnd = this.#isNear() })
    new ResizeObserver(() => { if (this.#isAtEnd) this.#toEnd() }).observe(byId('scroll'))
  }

  /** Show another thread, from its end. */
  begin () {
    this.#limit = PAGE
    this.#isAtEnd = true
    this.editing = ''
    this.#told = null
    byId('messages').replaceChildren()
  }

  /** Show what comes next, wherever one has scrolled to. */
  follow () {
    this.#isAtEnd = true
    this.draw()
  }

  /** Edit a message of one's own in its place. @param {string} messageId */
  edit (messageId) {
    this.editing = messageId
    this.draw()
    const box = /** @type {HTMLTextAreaElement | null} */ (byId('messages').querySelector('.editor textarea'))
    box?.focus()
  }

  /** The newest message of one's own that can be edited. */
  lastOwn () {
    const { doc, threadId, user } = this.page
    return doc?.messages(threadId).filter((one) => one.sender_id === user.id && !one.generating).at(-1)
  }

  draw () {
    const { threadId } = this.page
    const doc = /** @type {NonNullable<typeof this.page.doc>} */ (this.page.doc)
    const all = doc.messages(threadId, { deleted: true })
    const shown = all.slice(-this.#limit)
    byId('earlier').hidden = shown.length === all.length
    const waiting = new Set(doc.queue(threadId).map((one) => one.message_id))
    keep(byId('messages'), shown, (one) => one.message_id, (one) => this.#version(one, waiting), (one) => this.#make(one, waiting))
    const writers = [...new Set(doc.peers().filter((peer) => peer.is_typing && peer.thread_id === threadId).map((peer) => peer.user.name))]
    byId('typing').textContent = writers.length === 0 ? '' : `${writers.join(', ')} ${writers.length === 1 ? 'is' : 'are'} writing…`
    if (this.#isAtEnd) this.#toEnd()
    this.#tell(all)
  }

  /** Show a page more above what is read, which stays where it is. */
  #goBack () {
    const box = byId('scroll')
    const below = box.scrollHeight - box.scrollTop
    this.#limit += PAGE
    this.draw()
    box.scrollTop = box.scrollHeight - below
    if (byId('earlier').hidden) box.focus()
  }

  #isNear () {
    const { scrollHeight, scrollTop, clientHeight } = byId('scroll')
    return scrollHeight - scrollTop - clientHeight < NEAR_PX
  }

  #toEnd () { byId('scroll').scrollTop = byId('scroll').scrollHeight }

  /** Say new messages of others aloud, an answer once it is whole. @param {Message[]} all */
  #tell (all) {
    const ready = all.filter((one) => !one.generating)
    if (this.#told === null) {
      if (this.page.doc?.status.connection === 'synced') this.#told = new Set(ready.map((one) => one.message_id))
      return
    }
    const fresh = ready.filter((one) => !this.#told?.has(one.message_id))
    for (const { message_id: id } of fresh) this.#told.add(id)
    const spoken = fresh.filter((one) => one.sender_id !== this.page.user.id && one.deleted_at === null)
    if (spoken.length > 0) {
      byId('announce').textContent = spoken.map((one) => `${nameOf(one.sender_id)}: ${one.content}`).join('\n').slice(0, SPOKEN_MAX)
    }
  }

  /** @param {Message} message @param {Set<string>} waiting */
  #version (message, waiting) {
    if (message.message_id === this.editing) return 'editing' // What is being written there stays.
    let version = this.#versions.get(message)
    if (version === undefined) this.#versions.set(message, version = ++this.#lastVersion)
    return `${version} ${waiting.has(message.message_id)} ${this.page.doc?.readOnly != null} ${this.#quoteOf(message)}`
  }

  /** @param {Message} message */
  #quoteOf ({ reply_to_message_id: target }) {
    const { doc, threadId } = this.page
    if (target === null || target === doc?.thread(threadId)?.root_message_id) return ''
    const replied = doc?.message(target)
    if (!replied) return ''
    return `${nameOf(replied.sender_id)}: ${replied.deleted_at === null ? firstLine(replied.content) : 'deleted'}`.slice(0, 140)
  }

  /** @param {Message} message @param {Set<string>} waiting */
  #make (message, waiting) {
    const { message_id: id, sender_id: sender, deleted_at: deletedAt } = message
    const name = nameOf(sender)
    const face = colour(make('span', { className: 'face', 'aria-hidden': 'true', textContent: initials(name) }), sender)
    const head = make('div', { className: 'head' }, colour(make('span', { className: 'who', title: sender, textContent: name }), sender), timeOf(message.date))
    if (message.pending) head.append(make('span', { className: 'note', textContent: 'sending…' }))
    if (deletedAt === null && message.history.length > 1 && !message.generating && message.history[1].content !== '') {
      head.append(make('button', {
        type: 'button', className: 'link', textContent: 'edited', title: 'Every text it had', onclick: () => showHistory(message)
      }))
    }
    const made = make('li', { className: 'message', 'aria-label': `${name}, ${new Date(message.date).toLocaleString()}` }, face, head)
    made.classList.toggle('pending', message.pending === true)
    made.classList.toggle('deleted', deletedAt !== null)
    made.addEventListener('click', () => {
      for (const other of byId('messages').querySelectorAll('.chosen')) other.classList.remove('chosen')
      made.classList.add('chosen') // Where nothing hovers, this shows what one can do.
    })
    const quote = this.#quoteOf(message)
    if (quote !== '') made.append(make('div', { className: 'quote', textContent: `↪ ${quote}` }))
    if (this.editing === id) made.append(this.#editor(message))
    else if (deletedAt !== null) made.append(make('div', { className: 'text', textContent: `Deleted by ${nameOf(message.deleted_by)}.` }))
    else made.append(this.#text(message))
    if (this.page.doc?.readOnly == null) made.append(this.#doing(message, waiting.has(id)))
    if (!message.pending && this.editing !== id && this.page.doc?.readOnly == null) made.append(this.#actions(message))
    if (message.generating) made.setAttribute('aria-busy', 'true')
    return made
  }

  /** The text, of a very long one the beginning, and the rest on demand. @param {Message} message */
  #text ({ content }) {
    if (content.length <= TEXT_MAX) return make('div', { className: 'text' }, ...nodesOf(content))
    const box = make('div', { className: 'text' }, ...nodesOf(content.slice(0, TEXT_MAX)))
    box.append(make('button', {
      type: 'button', textContent: `Show all ${content.length.toLocaleString()} characters`, onclick: () => box.replaceChildren(...nodesOf(content))
    }))
    return box
  }

  /** What an agent does about it, and how to stop that. @param {Message} message @param {boolean} waits */
  #doing (message, waits) {
    const { doc, threadId } = this.page
    const line = make('div', { className: 'doing' })
    const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) => make('button', { type: 'button', textContent: text, onclick })
    if (message.generating) {
      line.classList.add('writing')
      line.append('writing', button('Stop', () => doc?.interrupt(threadId, message.message_id)))
    } else if (message.acp_interrupted) {
      line.append(message.acp_interrupted_text || 'Interrupted.')
    } else if (waits) {
      line.append(make('span', { className: 'chip', textContent: 'waits for the agent' }),
        button('Send now', () => doc?.sendNow(threadId, message.message_id)),
        button('Withdraw', () => doc?.withdraw(threadId, message.message_id)))
    }
    return line
  }

  /** @param {Message} message */
  #actions (message) {
    const { doc, user, composer } = this.page
    const id = message.message_id
    const actions = make('div', { className: 'actions' })
    const add = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
      actions.append(make('button', { type: 'button', className: 'quiet', textContent: text, 'aria-label': `${text}, message of ${nameOf(message.sender_id)}`, onclick }))
    if (message.deleted_at !== null) {
      add('Restore', () => doc?.restoreMessage(id))
      return actions
    }
    add('Reply', () => composer.replyTo(message))
    if (message.sender_id === user.id && !message.generating) add('Edit', () => this.edit(id))
    if (message.history.length > 1) add('History', () => showHistory(message))
    add('Fork', () => { const made = doc?.fork(message.thread_id, { at: id }); made?.answer.then((thread) => this.page.goTo(thread.thread_id), () => {}) })
    if (message.sender_id === user.id && !message.generating) add('Delete', () => doc?.deleteMessage(id))
    return actions
  }

  /** @param {Message} message */
  #editor (message) {
    const box = /** @type {HTMLTextAreaElement} */ (make('textarea', { value: message.content, rows: Math.min(12, message.content.split('\n').length + 1), 'aria-label': 'New text of the message' }))
    const end = () => {
      this.editing = ''
      this.draw()
      byId('composer-text').focus()
    }
    const save = () => {
      if (box.value.trim() !== '' && box.value !== message.content) this.page.doc?.edit(message.message_id, { content: box.value })
      end()
    }
    box.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') end()
      else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); save() }
    })
    return make('div', { className: 'editor' }, box, make('div', { className: 'row' },
      make('button', { type: 'button', className: 'primary', textContent: 'Save', onclick: save }),
      make('button', { type: 'button', className: 'quiet', textContent: 'Cancel', onclick: end })))
  }
}
