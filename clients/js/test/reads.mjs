// For tests in Python: a line in is {updates: [base64]}, a line out is what a live and a fresh reader show of them.
import { createInterface } from 'node:readline'
import { bytes, play, reads } from './vectors.js'

for await (const line of createInterface({ input: process.stdin })) {
  const { live, fresh } = play(JSON.parse(line).updates.map(bytes))
  console.log(JSON.stringify({ live: reads(live), fresh: reads(fresh) }))
}
