// One writer and many readers on raw sockets: how fast updates reach all of them, and how late a paced one is.
import * as Y from "yjs";
import WebSocket from "ws";
import { createHash } from "node:crypto";
import * as encoding from "lib0/encoding";
import * as decoding from "lib0/decoding";

const [url, kind, name, clients, count, rate] = process.argv.slice(2);
// Several servers of one document, with commas between them: readers are dealt out, the writer is at the first.
const urls = url.split(",");
const N = Number(count), READERS = Number(clients) - 1, RATE = Number(rate);
const DATE = "2026-11-28T22:36:46.858Z";
const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);
const THREAD = "01M8J4VHWACFE3DNJAKQVE203F", ROOT = "01M8J4VHWACFE3DNJAKQVE203G";
const filler = "lorem ipsum dolor sit amet ".repeat(9).slice(0, 230);

const framed = (write) => {
  const encoder = encoding.createEncoder();
  if (kind === "hocuspocus") encoding.writeVarString(encoder, name);
  write(encoder);
  return encoding.toUint8Array(encoder);
};

const doc = new Y.Doc();
const updates = [];
doc.on("update", (update) => updates.push(framed((encoder) => {
  encoding.writeVarUint(encoder, 0); encoding.writeVarUint(encoder, 2); encoding.writeVarUint8Array(encoder, update);
})));
const put = (root, path, value) => { const text = JSON.stringify(value); doc.getMap(root).set(path + digest(text), text); };
put("thread", `${THREAD}/`, { thread_id: THREAD, created_at: DATE, created_by: "ada", root_message_id: ROOT });
put("message", `${ROOT}/`, { message_id: ROOT, thread_id: THREAD, sender_id: "ada", date: DATE, content: "root" });
for (let one = 0; one < N; one += 1) {
  const id = `01M8J4W${String(one).padStart(19, "0")}`;
  put("message", `${id}/`, { message_id: id, thread_id: THREAD, sender_id: "ada", date: DATE, reply_to_message_id: ROOT, content: filler });
}
const client = doc.clientID;

// The clock a message brings our writer's items to; frames may be merged, so items are counted and not frames.
const reached = (data) => {
  const decoder = decoding.createDecoder(data);
  if (kind === "hocuspocus") decoding.readVarString(decoder);
  if (decoding.readVarUint(decoder) !== 0) return 0;
  if (decoding.readVarUint(decoder) === 0) return 0;
  const update = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  if (decoding.readVarUint(update) < 1) return 0;
  const structs = decoding.readVarUint(update);
  return decoding.readVarUint(update) === client ? decoding.readVarUint(update) + structs : 0;
};

const open = (at) => new Promise((resolve, reject) => {
  const place = urls[at % urls.length];
  const socket = new WebSocket(kind === "hocuspocus" ? place : `${place}/${name}`);
  socket.binaryType = "arraybuffer";
  socket.seen = 0;
  socket.onerror = reject;
  socket.onopen = () => {
    if (kind === "hocuspocus") socket.send(framed((encoder) => {
      encoding.writeVarUint(encoder, 2); encoding.writeVarUint(encoder, 0); encoding.writeVarString(encoder, "x");
      encoding.writeVarString(encoder, "4.7.0");
    }));
    socket.send(framed((encoder) => {
      encoding.writeVarUint(encoder, 0); encoding.writeVarUint(encoder, 0);
      encoding.writeVarUint8Array(encoder, new Uint8Array([0]));
    }));
    setTimeout(() => resolve(socket), 300);
  };
});

const sockets = await Promise.all(Array.from({ length: READERS }, (_, at) => open(at)));
const writer = await open(0);
await new Promise((resolve) => setTimeout(resolve, 500));
const total = updates.length, burst = Math.floor(total * 0.8);
let waiting = READERS, target = burst, done;
const sent = new Array(total + 1);
const late = [];
for (const socket of sockets) socket.onmessage = ({ data }) => {
  const clock = reached(new Uint8Array(data));
  if (clock <= socket.seen) return;
  if (target > burst) { const now = performance.now(); for (let one = socket.seen + 1; one <= clock; one += 1) late.push(now - sent[one]); }
  const before = socket.seen;
  socket.seen = clock;
  if (before < target && clock >= target && --waiting === 0) done();
};
const all = (clock) => { target = clock; waiting = READERS; return new Promise((resolve) => { done = resolve; }); };

let reachedAll = all(burst);
const start = performance.now();
for (let one = 0; one < burst; one += 1) writer.send(updates[one]);
await reachedAll;
const seconds = (performance.now() - start) / 1000;

await new Promise((resolve) => setTimeout(resolve, 500));
reachedAll = all(total);
const begin = performance.now();
for (let one = burst; one < total; one += 1) {
  const due = begin + ((one - burst) * 1000) / RATE;
  while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
  sent[one + 1] = performance.now();
  writer.send(updates[one]);
}
await reachedAll;
late.sort((a, b) => a - b);
const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
console.log(JSON.stringify({ seconds, updates: burst, per_second: burst / seconds, p50_ms: at(0.5), p99_ms: at(0.99), deliveries: late.length }));
process.exit(0);
