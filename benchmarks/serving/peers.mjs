// One writer and many readers on raw sockets, of either protocol; updates are made before, and items are counted.
import * as Y from "yjs";
import WebSocket from "ws";
import { createHash } from "node:crypto";
import * as encoding from "lib0/encoding";
import * as decoding from "lib0/decoding";

const DATE = "2026-11-28T22:36:46.858Z";
const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);
const THREAD = "01M8J4VHWACFE3DNJAKQVE203F", ROOT = "01M8J4VHWACFE3DNJAKQVE203G";
const filler = "lorem ipsum dolor sit amet ".repeat(9).slice(0, 230);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The updates of a document that gets so many messages, and the client id that wrote them.
export const written = (count) => {
  const doc = new Y.Doc();
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  const put = (root, path, value) => { const text = JSON.stringify(value); doc.getMap(root).set(path + digest(text), text); };
  put("thread", `${THREAD}/`, { thread_id: THREAD, created_at: DATE, created_by: "ada", root_message_id: ROOT });
  put("message", `${ROOT}/`, { message_id: ROOT, thread_id: THREAD, sender_id: "ada", date: DATE, content: "root" });
  for (let one = 0; one < count; one += 1) {
    const id = `01M8J4W${String(one).padStart(19, "0")}`;
    put("message", `${id}/`, { message_id: id, thread_id: THREAD, sender_id: "ada", date: DATE, reply_to_message_id: ROOT, content: filler });
  }
  return { updates, client: doc.clientID };
};

// Sockets on one document of one server; `burst` and `paced` send updates and wait until every reader has them.
// Several servers of one document, with commas between them: readers are dealt out, the writer is at the first.
export const gathered = async ({ url, kind }, name, readers, { updates, client }) => {
  const urls = url.split(",");
  const framed = (write) => {
    const encoder = encoding.createEncoder();
    if (kind === "hocuspocus") encoding.writeVarString(encoder, name);
    write(encoder);
    return encoding.toUint8Array(encoder);
  };
  const frames = updates.map((update) => framed((encoder) => {
    encoding.writeVarUint(encoder, 0); encoding.writeVarUint(encoder, 2); encoding.writeVarUint8Array(encoder, update);
  }));
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
  // The writer first: where readers ask for a new document all at once, pycrdt-websocket makes several rooms of it.
  const writer = await open(0);
  const sockets = await Promise.all(Array.from({ length: readers }, (_, at) => open(at)));
  await pause(500);
  const sent = new Array(frames.length + 1);
  let waiting = 0, target = 0, done = () => {}, late = null, next = 0;
  for (const socket of sockets) socket.onmessage = ({ data }) => {
    const clock = reached(new Uint8Array(data));
    if (clock <= socket.seen) return;
    if (late) { const now = performance.now(); for (let one = socket.seen + 1; one <= clock; one += 1) late.push(now - sent[one]); }
    const before = socket.seen;
    socket.seen = clock;
    if (before < target && clock >= target && --waiting === 0) done();
  };
  const all = (clock) => { target = clock; waiting = readers; return new Promise((resolve) => { done = resolve; }); };
  return {
    // So many updates at once: how many a second reach everybody.
    burst: async (count) => {
      late = null;
      const arrived = all(next + count), start = performance.now();
      for (const end = next + count; next < end; next += 1) writer.send(frames[next]);
      await arrived;
      return count / ((performance.now() - start) / 1000);
    },
    // So many updates at a rate: how late each reaches each reader, in milliseconds, ascending.
    paced: async (count, rate) => {
      late = [];
      const arrived = all(next + count), begin = performance.now();
      for (let one = 0; one < count; one += 1, next += 1) {
        const due = begin + (one * 1000) / rate;
        while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
        sent[next + 1] = performance.now();
        writer.send(frames[next]);
      }
      await arrived;
      return late.sort((a, b) => a - b);
    },
    close: () => { for (const socket of [...sockets, writer]) socket.terminate(); },
  };
};

export const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
