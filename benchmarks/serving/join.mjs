// One client after another joins a document: until it is synced and shows all, and how much of that is Yjs' own work.
// As a provider does, it calls itself synced at the answer to its step 1; Y.Map's size walks the map, and is asked once.
import * as Y from "yjs";
import WebSocket from "ws";
import * as encoding from "lib0/encoding";
import * as decoding from "lib0/decoding";

const [url, name, least, joins] = process.argv.slice(2);
const LEAST = Number(least);

const join = () => new Promise((resolve, reject) => {
  const start = performance.now();
  let yjs = 0, bytes = 0;
  const doc = new Y.Doc();
  const messages = doc.getMap("message");
  const socket = new WebSocket(`${url}/${name}`, { perMessageDeflate: false });
  socket.binaryType = "arraybuffer";
  socket.onerror = reject;
  socket.onopen = () => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 0); encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint8Array(encoder, new Uint8Array([0]));
    socket.send(encoding.toUint8Array(encoder));
  };
  socket.onmessage = ({ data }) => {
    const came = performance.now();
    const decoder = decoding.createDecoder(new Uint8Array(data));
    if (decoding.readVarUint(decoder) !== 0) return;
    const kind = decoding.readVarUint(decoder);
    if (kind === 0) return;
    Y.applyUpdate(doc, decoding.readVarUint8Array(decoder));
    yjs += performance.now() - came;
    bytes += data.byteLength;
    if (kind !== 1) return;
    const ready = performance.now() - start;
    socket.terminate();
    if (messages.size < LEAST) reject(new Error(`synced with ${messages.size} messages of ${LEAST}`));
    resolve({ ready_ms: ready, yjs_ms: yjs, bytes });
  };
});

const found = [];
for (let one = 0; one < Number(joins); one += 1) found.push(await join());
console.log(JSON.stringify(found));
process.exit(0);
