// A server that does as little as can be, for what no server can be faster than here: it passes updates on as they came,
// and answers a joining client with messages that lie ready in a file, each behind its length in four bytes.
import fs from "node:fs";
import { WebSocketServer } from "ws";

const [port, file] = process.argv.slice(2);
const ready = [];
if (file) {
  const bytes = fs.readFileSync(file);
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at);
    ready.push(bytes.subarray(at + 4, end));
    at = end;
  }
}
const nothing = new Uint8Array([0, 1, 2, 0, 0]);
const rooms = new Map();
const server = new WebSocketServer({ port: Number(port), host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (socket, { url }) => {
  const room = rooms.get(url) ?? new Set();
  rooms.set(url, room.add(socket));
  socket.on("close", () => room.delete(socket));
  socket.on("message", (data) => {
    if (data[0] !== 0) return;
    if (data[1] === 0) for (const message of ready.length ? ready : [nothing]) socket.send(message);
    if (data[1] === 2) for (const other of room) if (other !== socket) other.send(data, { binary: true });
  });
});
server.on("listening", () => console.log("ready"));
