/**
 * Where a message is written: kept a thread, sent by Enter, as a reply where one was chosen, to the agent on demand.
 */

import { byId, nameOf } from './elements.js'

const TYPING_MS = 4000

/** The form below the messages. */
export class Composer {
  #form = /** @type {HTMLFormElement} */ (byId('composer'))
  #box = /** @type {HTMLTextAreaElement} */ (byId('composer-text'))
  /** @type {Map<string, string>} */ #drafts = new Map()
  #threadId = ''
  #replyTo = ''
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #typing

  /** @param {import('./chat.js').Page} page */
  constructor (page) {
    this.page = page
    this.#form.addEventListener('submit', (event) => { event.preventDefault(); this.#send() })
    byId('reply-to-root').addEventListener('click', () => this.#reply(null))
    this.#box.addEventListener('input', () => { this.#fit(); this.#type() })
    this.#box.addEventListener('keydown', (event) => this.#press(event))
  }

  /** Show what was begun in the thread that is open now. */
  begin () {
    if (this.#threadId !== '') this.#drafts.set(this.#threadId, this.#box.value)
    this.#threadId = this.page.threadId
    this.#box.value = this.#drafts.get(this.#threadId) ?? ''
    this.#reply(null)
    this.#fit()
  }

  /** Reply to a message and not to the thread's root. @param {import('./messages.js').Message} message */
  replyTo (message) {
    this.#reply(message)
    this.#box.focus()
  }

  /** Put a text back that could not be sent. @param {string} text */
  take (text) {
    this.#box.value = this.#box.value === '' ? text : `${text}\n${this.#box.value}`
    this.#fit()
    this.#box.focus()
  }

  #send () {
    const { doc, threadId } = this.page
    const content = this.#box.value
    if (doc === null || content.trim() === '') return
    const fields = { content, ...(this.#replyTo && { reply_to: this.#replyTo }) }
    if (new FormData(this.#form).has('agent')) doc.queueTurn(threadId, fields)
    else doc.send(threadId, fields)
    this.#box.value = ''
    this.#reply(null)
    this.#fit()
    clearTimeout(this.#typing)
    doc.present({ is_typing: false })
    this.page.messages.follow()
    this.#box.focus()
  }

  /** @param {KeyboardEvent} event */
  #press (event) {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      this.#form.requestSubmit()
    } else if (event.key === 'Escape') {
      this.#reply(null)
    } else if (event.key === 'ArrowUp' && this.#box.value === '') {
      const own = this.page.messages.lastOwn()
      if (own === undefined) return
      event.preventDefault()
      this.page.messages.edit(own.message_id)
    }
  }

  /** @param {import('./messages.js').Message | null} message */
  #reply (message) {
    this.#replyTo = message?.message_id ?? ''
    byId('replying').hidden = message === null
    byId('replying-to').textContent = message === null ? '' : `Reply to ${nameOf(message.sender_id)}: ${message.content.slice(0, 100)}`
  }

  #type () {
    this.page.doc?.present({ is_typing: this.#box.value !== '' })
    clearTimeout(this.#typing)
    this.#typing = setTimeout(() => this.page.doc?.present({ is_typing: false }), TYPING_MS)
  }

  /** As high as its text. */
  #fit () {
    this.#box.style.height = 'auto'
    if (this.#box.scrollHeight > 0) this.#box.style.height = `${this.#box.scrollHeight + 2}px`
  }
}
