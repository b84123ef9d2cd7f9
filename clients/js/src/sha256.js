/**
 * SHA-256 over the UTF-8 of a text, computed in place: a key is checked while an update is read, which cannot wait.
 *
 * `crypto.subtle` answers later, and not at all on a page that was loaded without TLS from another machine.
 */

const K = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
])
const START = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
])
const words = new Int32Array(64)
const state = new Int32Array(8)
const encoder = new TextEncoder()
let buffer = new Uint8Array(4096)

/** @param {number} at where the block of 64 bytes begins in the buffer */
function compress (at) {
  for (let i = 0; i < 16; i++, at += 4) {
    words[i] = (buffer[at] << 24) | (buffer[at + 1] << 16) | (buffer[at + 2] << 8) | buffer[at + 3]
  }
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15]
    const y = words[i - 2]
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0
  }
  let a = state[0]; let b = state[1]; let c = state[2]; let d = state[3]
  let e = state[4]; let f = state[5]; let g = state[6]; let h = state[7]
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d
  state[4] += e; state[5] += f; state[6] += g; state[7] += h
}

/** @param {string} text */
function hash (text) {
  const longest = text.length * 3 + 72
  if (buffer.length < longest) buffer = new Uint8Array(longest * 2)
  const length = encoder.encodeInto(text, buffer).written
  const end = ((length + 8) >> 6) * 64 + 64
  buffer.fill(0, length, end)
  buffer[length] = 0x80
  new DataView(buffer.buffer).setBigUint64(end - 8, BigInt(length) * 8n)
  state.set(START)
  for (let at = 0; at < end; at += 64) compress(at)
}

/** @param {number} words how many of the eight */
function hex (words) {
  let spelled = ''
  for (let at = 0; at < words; at++) spelled += (state[at] >>> 0).toString(16).padStart(8, '0')
  return spelled
}

/**
 * The 64 hex digits of a text's SHA-256.
 * @param {string} text
 * @returns {string}
 */
export function sha256 (text) {
  hash(text)
  return hex(8)
}

/**
 * The first 16 hex digits of a text's SHA-256, which end the key of the fact that the text spells.
 * @param {string} text
 * @returns {string}
 */
export function digest (text) {
  hash(text)
  return hex(2)
}
