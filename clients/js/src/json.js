/**
 * JSON with the numbers as they are spelled, and its canonical text: the same bytes for the same value everywhere.
 *
 * To JavaScript 1 and 1.0 are one value; as facts they are two, and every replica must keep the same ones.
 */

/** A number, as it is spelled. */
export class Numeral {
  /** @param {string} text */
  constructor (text) { this.text = text }

  /** Whether it is spelled as a whole number. */
  get isWhole () { return !/[.eE]/.test(this.text) }
}

/** @typedef {null | boolean | string | Numeral | any[] | Map<string, any>} Tree */

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SPACE = /[ \t\n\r]*/y
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/**
 * Whether a text has half of a surrogate pair, which UTF-8 cannot spell.
 * @param {string} text
 */
export const hasHalf = (text) => HALF.test(text)

/**
 * The value a JSON text spells; raises SyntaxError for what is none, and for half a surrogate pair or an infinite number.
 * @param {string} text
 * @returns {Tree}
 */
export function parse (text) {
  let at = 0
  /** @param {RegExp} pattern @returns {string | null} */
  const take = (pattern) => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null) return null
    at += found[0].length
    return found[0]
  }
  /** @returns {never} */
  const fail = () => { throw new SyntaxError(`no JSON from character ${at} on`) }
  /** @param {string} character */
  const expect = (character) => {
    take(SPACE)
    if (text[at] !== character) fail()
    at++
  }
  /** @param {string} character */
  const next = (character) => {
    take(SPACE)
    if (text[at] !== character) return false
    at++
    return true
  }
  const string = () => {
    take(SPACE)
    const value = JSON.parse(take(STRING) ?? fail())
    return HALF.test(value) ? fail() : value
  }
  /** @returns {Tree} */
  const value = () => {
    take(SPACE)
    const first = text[at]
    if (first === '"') return string()
    if (first === '[') return list()
    if (first === '{') return object()
    for (const [word, means] of WORDS) if (text.startsWith(word, at)) { at += word.length; return means }
    const numeral = new Numeral(take(NUMBER) ?? fail())
    return numeral.isWhole || Number.isFinite(Number(numeral.text)) ? numeral : fail()
  }
  const list = () => {
    /** @type {Tree[]} */
    const items = []
    at++
    if (next(']')) return items
    do items.push(value()); while (next(','))
    expect(']')
    return items
  }
  const object = () => {
    /** @type {Map<string, Tree>} */
    const members = new Map()
    at++
    if (next('}')) return members
    do {
      const name = string()
      expect(':')
      members.set(name, value())
    } while (next(','))
    expect('}')
    return members
  }
  const whole = value()
  take(SPACE)
  return at === text.length ? whole : fail()
}

/** @type {[string, null | boolean][]} */
const WORDS = [['null', null], ['true', true], ['false', false]]

/**
 * A tree as plain JavaScript values; numbers beyond 2^53 lose what a double cannot hold.
 * @param {Tree} tree
 * @returns {any}
 */
export function plain (tree) {
  if (tree instanceof Numeral) return Number(tree.text)
  if (Array.isArray(tree)) return tree.map(plain)
  if (tree instanceof Map) return Object.fromEntries([...tree].map(([name, value]) => [name, plain(value)]))
  return tree
}

/**
 * A plain value as a tree. A number that JavaScript holds as a whole one is spelled as one.
 * @param {any} value
 * @returns {Tree}
 */
export function treeOf (value) {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is no number that JSON can spell`)
    return new Numeral(Number.isSafeInteger(value) ? String(value) : spell(value))
  }
  if (typeof value === 'bigint') return new Numeral(String(value))
  if (Array.isArray(value)) return value.map(treeOf)
  if (value instanceof Map || value instanceof Numeral) return value
  if (value !== null && typeof value === 'object') {
    return new Map(Object.entries(value).map(([name, inner]) => [name, treeOf(inner)]))
  }
  if (typeof value === 'string' && HALF.test(value)) {
    throw new TypeError('a text has half of a surrogate pair, which UTF-8 cannot spell')
  }
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  throw new TypeError(`expected a JSON value, got ${typeof value}`)
}

/**
 * The canonical text of a tree: no spaces, members sorted by code point, numbers in one spelling.
 * @param {Tree} tree
 * @returns {string}
 */
export function canonical (tree) {
  if (tree instanceof Numeral) {
    if (!tree.isWhole) return spell(Number(tree.text))
    return tree.text === '-0' ? '0' : tree.text
  }
  if (Array.isArray(tree)) return `[${tree.map(canonical).join(',')}]`
  if (tree instanceof Map) {
    const names = [...tree.keys()].sort(compare)
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(/** @type {Tree} */ (tree.get(name)))}`).join(',')}}`
  }
  return JSON.stringify(tree)
}

/**
 * A double in its shortest digits: plain from 0.00001 up to sixteen digits before the point, else with an exponent.
 * @param {number} number
 * @returns {string}
 */
function spell (number) {
  if (number === 0) return Object.is(number, -0) ? '-0.0' : '0.0'
  const [mantissa, exponent] = Math.abs(number).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const point = Number(exponent) + 1
  const sign = number < 0 ? '-' : ''
  if (digits.length <= point && point <= 16) return `${sign}${digits.padEnd(point, '0')}.0`
  if (point > 0 && point <= 16) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
  if (point > -5 && point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits[0]}${digits.length > 1 ? '.' + digits.slice(1) : ''}e${point - 1}`
}

/**
 * The order of two texts by code point, which is that of their UTF-8; `<` compares UTF-16 and differs beyond U+FFFF.
 * @param {string} one
 * @param {string} other
 * @returns {number}
 */
export function compare (one, other) {
  const end = Math.min(one.length, other.length)
  for (let at = 0; at < end; at++) {
    const a = one.charCodeAt(at)
    const b = other.charCodeAt(at)
    if (a !== b) {
      const pairs = Number(a >= 0xd800 && a <= 0xdfff) - Number(b >= 0xd800 && b <= 0xdfff)
      return pairs || a - b
    }
  }
  return one.length - other.length
}
