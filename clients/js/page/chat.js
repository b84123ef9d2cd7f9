/**
 * The chat page: which document and thread the address names, drawn anew after each change of what they say.
 */

import { ChatDocument, Server, UnknownToken } from '../dist/chatdoc-client.js'
import { drawBanners, watchIntegrity } from './banners.js'
import { signIn, startThread, threadSettings } from './dialogs.js'
import { byId, colour, initials, keep, make } from './elements.js'
import { Messages } from './messages.js'
import { Composer } from './composer.js'
import { drawThreads, titleOf } from './threads.js'

const DRAW_MS = 30
const LIST_MS = 2000
const NAMES = { connecting: 'connecting', synced: 'connected', offline: 'offline', denied: 'refused', closed: '' }

/** What every part of the page knows of the others. */
export class Page {
  server = new Server(document.baseURI, { token: sessionStorage.getItem('chatdoc.token') })
  user = { id: localStorage.getItem('chatdoc.user') ?? '' }
  path = ''
  threadId = ''
  /** @type {ChatDocument | null} */ doc = null
  /** @type {{ ok: boolean, violations: { code: string, subject: string }[], unwritten?: string | null } | null} */ integrity = null
  /** Whether the list has the threads that were deleted. */
  showsDeleted = false
  /** Whether the connection was lost, and is not back yet. */
  wasOffline = false
  /** What the server said as it ended the connection. */
  whyOffline = ''
  #isDue = false
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #listing

  constructor () {
    this.messages = new Messages(this)
    this.composer = new Composer(this)
    addEventListener('hashchange', () => this.#arrive())
    addEventListener('beforeunload', (event) => { if ((this.doc?.status.unkept ?? 0) > 0) event.preventDefault() })
    byId('me').addEventListener('click', () => this.signIn())
    byId('skip').addEventListener('click', (event) => { event.preventDefault(); this.#skip() })
    byId('new-thread').addEventListener('click', () => startThread(this))
    byId('show-deleted').addEventListener('click', () => { this.showsDeleted = !this.showsDeleted; this.draw() })
    byId('thread-settings').addEventListener('click', () => threadSettings(this))
    byId('new-document').addEventListener('submit', (event) => this.#createDocument(event))
    watchIntegrity(this)
  }

  async begin () {
    if (this.user.id === '') await this.signIn()
    this.#arrive()
  }

  /** Ask who one is, and go on as that. @param {string} [why] */
  async signIn (why = '') {
    const given = await signIn(this, why)
    if (given === null) return
    localStorage.setItem('chatdoc.user', given.id)
    if (given.token === '') sessionStorage.removeItem('chatdoc.token')
    else sessionStorage.setItem('chatdoc.token', given.token)
    const isOther = given.id !== this.user.id
    this.user = { id: given.id }
    this.server.token = given.token || null
    if (isOther && this.doc !== null) this.#open(this.path)
    else if (this.doc !== null) this.doc.retry()
    else this.#arrive()
    this.draw()
  }

  /** The address of a document or one of its threads. @param {string} [path] @param {string} [threadId] */
  address (path = '', threadId = '') {
    if (path === '') return '#'
    return '#' + new URLSearchParams({ document: path, ...(threadId && { thread: threadId }) })
  }

  /** Go to a thread of this document. @param {string} threadId */
  goTo (threadId) { location.hash = this.address(this.path, threadId) }

  /** Draw what changed, soon and once. */
  draw () {
    if (this.#isDue) return
    this.#isDue = true
    setTimeout(() => { this.#isDue = false; this.#draw() }, DRAW_MS)
  }

  #arrive () {
    const where = new URLSearchParams(location.hash.slice(1))
    const path = where.get('document') ?? ''
    const threadId = where.get('thread') ?? ''
    if (path !== this.path || (path !== '' && this.doc === null)) this.#open(path)
    if (path !== '' && this.user.id === '') this.signIn()
    if (threadId !== this.threadId) {
      this.threadId = threadId
      this.messages.begin()
      this.composer.begin()
      this.doc?.present({ thread_id: threadId || null, is_typing: false })
    }
    this.#draw()
    if (path === '') this.#listDocuments()
    else if (threadId !== '') byId(matchMedia('(max-width: 700px)').matches ? 'thread-title' : 'composer-text').focus()
  }

  /** Past the lists, to where one writes or chooses; by no address, for that says which chat is open. */
  #skip () {
    if (this.path === '') byId('new-document').querySelector('input')?.focus()
    else byId(this.threadId === '' ? 'new-thread' : 'composer-text').focus()
  }

  /** @param {string} path */
  #open (path) {
    this.doc?.close()
    this.doc = null
    this.integrity = null
    this.path = path
    if (path === '' || this.user.id === '') return
    this.doc = new ChatDocument({ server: this.server, path, user: this.user, token: this.server.token })
    this.doc.present({ thread_id: this.threadId || null })
    this.doc.subscribe(() => this.draw())
  }

  #draw () {
    const { doc, threadId } = this
    const thread = doc?.thread(threadId) ?? null
    if (doc !== null && thread !== null && thread.thread_id !== threadId) {
      this.threadId = thread.thread_id // The server has named what was made here.
      history.replaceState(null, '', this.address(this.path, this.threadId))
    }
    document.body.dataset.place = doc === null ? 'documents' : threadId === '' ? 'threads' : 'thread'
    setText(byId('path'), this.path)
    byId('me').textContent = this.user.id || 'Sign in'
    const status = doc?.status.connection
    byId('connection').dataset.is = status ?? ''
    setText(byId('connection'), status ? NAMES[status] : '')
    document.title = this.path === '' ? 'chatdoc' : `${thread ? titleOf(this, thread.thread_id) : this.path} · chatdoc`
    drawBanners(this)
    byId('new-thread').hidden = doc?.readOnly != null
    this.#drawPeers()
    if (doc === null) return
    drawThreads(this)
    if (threadId === '') return
    byId('back').setAttribute('href', this.address(this.path))
    byId('choose').hidden = true
    setText(byId('thread-title'), thread === null ? (status === 'synced' ? 'There is no such thread' : 'Opening') : titleOf(this, threadId))
    const state = doc.state(threadId)?.state
    setText(byId('thread-state'), state === 'running' ? 'the agent is writing' : state === 'queued' ? 'waits for the agent' : '')
    byId('thread-settings').hidden = byId('composer').hidden = thread === null || doc.readOnly !== null
    this.messages.draw()
  }

  #drawPeers () {
    const people = new Map((this.doc?.peers() ?? []).map((peer) => [peer.user.id, peer.user.name]))
    people.delete(this.user.id)
    keep(byId('peers'), [...people], ([id]) => id, ([, name]) => name, ([id, name]) => {
      const face = make('li', { title: name }, make('span', { 'aria-hidden': 'true', textContent: initials(name) }),
        make('span', { className: 'hidden', textContent: name }))
      return colour(face, id)
    })
  }

  /** List the documents, and again every two seconds while they are looked at: others make and remove some. */
  async #listDocuments () {
    clearTimeout(this.#listing)
    this.#listing = setTimeout(() => { if (this.path === '') this.#listDocuments() }, LIST_MS)
    if (document.hidden) return
    try {
      const { documents, unreadable } = await this.server.listing()
      keep(byId('document-list'), documents, ({ path }) => path, () => '', ({ path }) =>
        make('li', {}, make('a', { href: this.address(path) }, make('span', { className: 'name', textContent: path }))))
      byId('document-list').hidden = documents.length === 0
      keep(byId('unreadable-list'), unreadable, ({ path }) => path, ({ reason }) => reason, ({ path, reason }) =>
        make('li', { textContent: `${path}: ${reason}` }))
      byId('unreadable').hidden = unreadable.length === 0
    } catch (error) {
      if (!(error instanceof UnknownToken)) return
      clearTimeout(this.#listing)
      await this.signIn(this.server.token === null ? 'This server asks for a token.' : 'The server did not take the token.')
    }
  }

  /** @param {SubmitEvent} event */
  #createDocument (event) {
    event.preventDefault()
    const form = /** @type {HTMLFormElement} */ (event.target)
    const name = String(new FormData(form).get('name')).trim()
    form.reset()
    location.hash = this.address(/\.(sage-)?chat$/.test(name) ? name : `${name}.chat`)
  }
}

/** A status is told anew only when it changed. @param {HTMLElement} element @param {string} text */
function setText (element, text) { if (element.textContent !== text) element.textContent = text }

new Page().begin()
