/** This client reads and spells what Python reads and spells. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canonicalOf, decode, encode, encodeField, isKey } from '../src/facts.js'
import { Mint, derive, successor, timeMs } from '../src/ids.js'
import { canonical, parse } from '../src/json.js'
import { bytes, play, reads, vectors } from './vectors.js'

const short = (/** @type {string} */ text) => text.length > 60 ? text.slice(0, 57) + '...' : text

describe('canonical JSON', () => {
  for (const { text, canonical: expected } of vectors.canonical) {
    test(short(text), () => assert.equal(canonical(parse(text)), expected))
  }
})

describe('fields in keys', () => {
  for (const { field, encoded } of vectors.fields) {
    test(short(field), () => assert.equal(encodeField(field), encoded))
  }
})

describe('facts', () => {
  for (const { root, key, text, fields } of vectors.keys) {
    test(`${root} ${short(key)}`, () => {
      const fact = decode(root, key, text)
      assert.equal(fact && canonicalOf(fact), text)
      if (!text.includes('1.0') && !text.includes('-0.0')) {
        const given = Object.fromEntries(Object.entries(fields).filter(([name]) => text.includes(`"${name}":`)))
        assert.deepEqual([encode(root, given).key, encode(root, given).text], [key, text])
      }
    })
  }
  for (const { root, key, text, fact } of vectors.odd_entries) {
    test(`odd ${root} ${short(text)}`, () => {
      const read = decode(root, key, text)
      assert.equal(read !== null, fact !== null)
      for (const [name, value] of Object.entries(fact ?? {})) assert.deepEqual(read?.fields[name], value, name)
    })
  }
  for (const { root, key, ok } of vectors.odd_keys) {
    test(`odd key ${root} ${short(key)}`, () => assert.equal(isKey(root, key), ok))
  }
})

describe('ids', () => {
  for (const { stamp, ms, next } of vectors.stamps) {
    test(stamp, () => assert.deepEqual([timeMs(stamp), successor(stamp)], [ms, next]))
  }
  for (const { kind, ms, parts, id } of vectors.derived) {
    test(`derived ${kind}`, () => assert.equal(derive(kind, ms, ...parts), id))
  }
  test('minted', () => {
    let now = 0
    const mint = new Mint(() => now, (count) => Uint8Array.from({ length: count }, (_, at) => at))
    for (const { ms, above, id } of vectors.minted) {
      now = ms
      assert.equal(mint.mint(above), id)
    }
  })
})

describe('documents', () => {
  for (const { name, updates, reads: expected } of vectors.documents) {
    test(name, () => {
      const { live, fresh } = play(updates.map(bytes))
      assert.deepEqual(reads(fresh), expected)
      assert.deepEqual(reads(live), expected)
      for (const { root, key, text } of name === 'strangers' ? [] : fresh.facts()) {
        const again = encode(root, /** @type {any} */ (parse(text)))
        assert.deepEqual([again.text, again.key], [text, key], 'what was read is spelled the same')
      }
    })
  }
})
