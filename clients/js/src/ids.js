/**
 * ULIDs: minted above what was seen, or derived from what a record says; greater ones hold, whatever the clock says.
 */

import { sha256 } from './sha256.js'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/

/** 2100-01-01: no change may be stamped from here on, so nobody can write the last word. */
export const STAMP_MS_END = 4_102_444_800_000

/** Whether a text is a ULID in its canonical, upper-case spelling. @param {string} text */
export const isUlid = (text) => ULID.test(text)

/** Whether a record may carry this id: a ULID, or a UUID of older software. @param {string} text */
export const isId = (text) => ULID.test(text) || UUID.test(text)

/**
 * The milliseconds in a ULID's first ten characters.
 * @param {string} stamp
 * @returns {number}
 */
export function timeMs (stamp) {
  let ms = 0
  for (const character of stamp.slice(0, 10)) ms = ms * 32 + ALPHABET.indexOf(character)
  return ms
}

/**
 * Milliseconds as a document spells them.
 * @param {number} ms
 * @returns {string}
 */
export const iso = (ms) => new Date(ms).toISOString()

/**
 * The milliseconds of a document's date, or 0 for one that no calendar has.
 * @param {string} date
 * @returns {number}
 */
export function msOf (date) {
  const ms = Date.parse(date)
  return Number.isNaN(ms) || iso(ms) !== date ? 0 : ms
}

/**
 * The same ULID for the same kind, millisecond and parts, everywhere: the random part is the first 80 bits of the
 * SHA-256 of kind and parts, each part with its number of code points before it, joined by NUL.
 * @param {string} kind
 * @param {number} ms
 * @param {...string} parts
 * @returns {string}
 */
export function derive (kind, ms, ...parts) {
  const hashed = sha256([kind, ...parts.map((part) => `${[...part].length}:${part}`)].join('\0'))
  const clamped = BigInt(Math.min(Math.max(ms, 0), STAMP_MS_END - 1))
  return spell((clamped << 80n) | BigInt('0x' + hashed.slice(0, 20)))
}

/**
 * The next greater ULID.
 * @param {string} stamp
 * @returns {string}
 */
export const successor = (stamp) => spell(numberOf(stamp) + 1n)

/** The first ULID of 2100: every stamp is smaller. */
export const STAMP_END = spell(BigInt(STAMP_MS_END) << 80n)

/** @typedef {() => number} Clock milliseconds since 1970 */
/** @typedef {(count: number) => Uint8Array} RandomSource that many random bytes */

/** @type {RandomSource} */
export const systemRandom = (count) => crypto.getRandomValues(new Uint8Array(count))

/** Fresh ULIDs, each greater than the last, also within a millisecond. */
export class Mint {
  #last = ''

  /** @param {Clock} clock @param {RandomSource} random */
  constructor (clock = Date.now, random = systemRandom) {
    this.clock = clock
    this.random = random
  }

  /**
   * A fresh ULID above every one minted here before, and above `above`.
   *
   * Above a stamp from the future it jumps by a random step, so two writers who saw the same one still differ.
   * @param {string} [above]
   * @returns {string}
   */
  mint (above = '') {
    const ms = Math.min(Math.max(this.clock(), 0), STAMP_MS_END - 1)
    let fresh = spell((BigInt(ms) << 80n) | integer(this.random(10)))
    if (fresh <= this.#last) fresh = successor(this.#last)
    this.#last = fresh
    return fresh > above ? fresh : spell(numberOf(above) + 1n + integer(this.random(5)))
  }
}

/** @param {Uint8Array} bytes */
const integer = (bytes) => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)

/** @param {bigint} number */
function spell (number) {
  let text = ''
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += ALPHABET[Number((number >> shift) & 31n)]
  return text
}

/** @param {string} stamp */
function numberOf (stamp) {
  let number = 0n
  for (const character of stamp) number = (number << 5n) | BigInt(ALPHABET.indexOf(character))
  return number
}
