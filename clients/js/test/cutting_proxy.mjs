// A proxy that cuts connections at chosen or random moments, also between a request and its answer.
import { connect, createServer } from 'node:net'

export class CuttingProxy {
  /** @param {string} target a URL whose host and port are reached through this */
  constructor (target) {
    const { hostname, port } = new URL(target)
    this.isOnline = true
    this.pairs = new Set()
    this.cuts = 0
    this.server = createServer((near) => {
      if (!this.isOnline) return near.destroy()
      const far = connect(Number(port), hostname)
      const pair = { near, far }
      this.pairs.add(pair)
      const end = () => { near.destroy(); far.destroy(); this.pairs.delete(pair) }
      for (const socket of [near, far]) socket.on('error', end).on('close', end)
      near.pipe(far)
      far.pipe(near)
    })
  }

  async listen () {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.port = this.server.address().port
    this.url = `http://127.0.0.1:${this.port}/`
    return this
  }

  /** Let requests through and cut before their answers come back. */
  cut () {
    this.cuts++
    for (const { near, far } of this.pairs) { far.unpipe(near); near.destroy(); far.destroy() }
    this.pairs.clear()
  }

  /** Let requests through for so long, but no answer to them, and then cut. */
  async swallow (ms) {
    for (const { near, far } of this.pairs) { far.unpipe(near); far.resume() }
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.cut()
  }

  offline () { this.isOnline = false; this.cut() }
  online () { this.isOnline = true }
  close () { this.offline(); this.server.close() }
}
