/**
 * Elements by id, made from a description, and kept in step with a list by key; a value is text, never markup.
 */

/** @template {HTMLElement} [Kind=HTMLElement] @param {string} id @returns {Kind} */
export const byId = (id) => /** @type {Kind} */ (document.getElementById(id))

/**
 * An element with properties and children; `on…` listens, `data-…` and `aria-…` are attributes.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function make (tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else if (name.includes('-') || name === 'datetime') made.setAttribute(name, value)
    else /** @type {any} */ (made)[name] = value
  }
  made.append(...children)
  return made
}

/**
 * Keep the children of an element in step with a list: one element a key, made anew only where its `version` changed.
 * @template Item
 * @param {HTMLElement} parent
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => string} versionOf
 * @param {(item: Item) => HTMLElement} make
 */
export function keep (parent, items, keyOf, versionOf, make) {
  const old = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, /** @type {HTMLElement} */ (child)]))
  /** @type {Element | null} */
  let at = parent.firstElementChild
  for (const item of items) {
    const key = keyOf(item)
    const version = versionOf(item)
    let child = old.get(key)
    old.delete(key)
    if (child === undefined || child.dataset.version !== version) {
      const made = make(item)
      made.dataset.key = key
      made.dataset.version = version
      if (child !== undefined) {
        const focused = focusWithin(child)
        if (at === child) at = made
        child.replaceWith(made)
        if (focused !== null) takeFocus(made, focused)
      }
      child = made
    }
    if (child === at) at = at.nextElementSibling
    else parent.insertBefore(child, at)
  }
  for (const gone of old.values()) gone.remove()
}

/** Give the focus to the control that stands where the old one stood, else to the last one or the element itself. @param {HTMLElement} element @param {number} at */
function takeFocus (element, at) {
  const controls = /** @type {HTMLElement[]} */ ([...element.querySelectorAll('button, a, textarea')])
  const next = controls[at] ?? controls.at(-1) ?? element
  if (next === element) element.tabIndex = -1
  next.focus()
}

/** Which of its controls has the focus, 0 where it has it itself, or null. @param {HTMLElement} element */
function focusWithin (element) {
  if (element === document.activeElement) return 0
  const at = [...element.querySelectorAll('button, a, textarea')].indexOf(/** @type {Element} */ (document.activeElement))
  return at < 0 ? null : at
}

/** A colour of somebody's own, the same on every page. @param {HTMLElement} element @param {string} name */
export function colour (element, name) {
  let hash = 0
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  element.style.setProperty('--hue', String(hash % 360))
  return element
}

/** Up to two letters that stand for a name. @param {string} name */
export function initials (name) {
  const words = name.split(/[\s._@-]+/u).filter((word) => word !== '')
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join('') || '?'
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })

/** An author's id as a person reads it: of an old file's the name, of a UUID the beginning. @param {string | null} id */
export function nameOf (id) {
  if (!id) return 'somebody'
  return UUID.test(id) ? `${id.slice(0, 8)}…` : id.replace(/^name:(?=.)/s, '')
}

/** A date as a person reads it, whole on demand; a brief one has the time of day for today alone. @param {string} date */
export function timeOf (date, isBrief = false) {
  const then = new Date(date)
  const now = new Date()
  const day = (then.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(then)
  const shown = then.toDateString() === now.toDateString() ? CLOCK.format(then) : isBrief ? day : `${day}, ${CLOCK.format(then)}`
  return make('time', { datetime: date, title: WHOLE.format(then), textContent: shown })
}
