// Real Yjs clients, driven by JSON lines: each line is an order with an id, each answer carries that id.
import * as Y from "yjs";
import WebSocket from "ws";
import { WebsocketProvider } from "y-websocket";
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import { createInterface } from "node:readline";
import { createHash } from "node:crypto";

// Who waits is let go by what it waits for; only what never comes takes so long.
const PATIENCE_MS = 60_000;
const clients = new Map();
console.warn = console.error = () => {};

const connect = ({ name, kind, url, path, token, protocols, beside }) => {
  const doc = new Y.Doc();
  const client = { doc, log: [], closes: [], kind };
  if (kind === "hocuspocus") {
    client.socket = beside
      ? clients.get(beside).socket
      : new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket, minDelay: 50, delay: 50 });
    client.provider = new HocuspocusProvider({
      websocketProvider: client.socket, name: path, document: doc, token: token ?? "",
      onAuthenticationFailed: ({ reason }) => client.log.push(["denied", reason]),
      onStateless: ({ payload }) => client.log.push(["stateless", JSON.parse(payload)]),
      onAuthenticated: ({ scope }) => client.log.push(["scope", scope]),
    });
    client.provider.attach();
    client.provider.on("close", ({ event }) => client.closes.push(event.code));
  } else {
    client.provider = new WebsocketProvider(url, path, doc, {
      WebSocketPolyfill: WebSocket, protocols: protocols ?? [], disableBc: true, maxBackoffTime: 100,
    });
    client.provider.on("connection-close", (event) => event && client.closes.push(event.code));
    client.provider.messageHandlers[2] = (encoder, decoder) => {
      const text = new TextDecoder().decode(decoder.arr.slice(decoder.pos));
      client.log.push(["denied", text.slice(text.indexOf("{"))]);
    };
    client.provider.messageHandlers[5] = (encoder, decoder) => {
      const text = new TextDecoder().decode(decoder.arr.slice(decoder.pos));
      client.log.push(["stateless", JSON.parse(text.slice(text.indexOf("{")))]);
    };
  }
  clients.set(name, client);
  return {};
};

const until = async (holds, ms) => {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return holds();
};

const content = (doc) => {
  const found = {};
  for (const root of ["document", "thread", "message", "revision", "setting", "mark", "state", "live", "attic"]) {
    for (const [key, value] of doc.getMap(root).entries()) found[`${root}:${key}`] = value;
  }
  return found;
};

const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 16);

const orders = {
  connect,
  async synced({ name, ms = PATIENCE_MS }) {
    const { provider } = clients.get(name);
    return { ok: await until(() => provider.synced, ms) };
  },
  fact({ name, root, path, text }) {
    clients.get(name).doc.getMap(root).set(path + digest(text), text);
    return {};
  },
  facts({ name, list }) {
    const { doc } = clients.get(name);
    for (const [root, path, text] of list) doc.getMap(root).set(path + digest(text), text);
    return {};
  },
  raw({ name, root, key, value }) {
    clients.get(name).doc.getMap(root).set(key, value);
    return {};
  },
  nested({ name, root, key }) {
    const map = new Y.Map();
    clients.get(name).doc.getMap(root).set(key, map);
    map.set("inner", 1);
    return {};
  },
  remove({ name, root, key }) {
    clients.get(name).doc.getMap(root).delete(key);
    return {};
  },
  wipe({ name }) {
    const { doc } = clients.get(name);
    doc.transact(() => { for (const root of doc.share.keys()) for (const key of [...doc.getMap(root).keys()]) doc.getMap(root).delete(key); });
    return {};
  },
  relay({ name, to }) {
    const update = Y.encodeStateAsUpdate(clients.get(name).doc);
    Y.applyUpdate(clients.get(to).doc, update, "another tab");
    return {};
  },
  content({ name }) {
    return { content: content(clients.get(name).doc) };
  },
  async has({ name, text, ms = PATIENCE_MS }) {
    const { doc } = clients.get(name);
    return { ok: await until(() => Object.values(content(doc)).some((one) => String(one).includes(text)), ms) };
  },
  async count({ name, root, least, ms = PATIENCE_MS }) {
    const { doc } = clients.get(name);
    await until(() => doc.getMap(root).size >= least, ms);
    return { size: doc.getMap(root).size };
  },
  async clean({ name, ms = PATIENCE_MS }) {
    const { provider } = clients.get(name);
    return { ok: await until(() => provider.unsyncedChanges === 0, ms) };
  },
  present({ name, state }) {
    clients.get(name).provider.awareness.setLocalState(state);
    return {};
  },
  async sees({ name, user, gone = false, ms = PATIENCE_MS }) {
    const { provider } = clients.get(name);
    const seen = () => [...provider.awareness.getStates().values()].some((one) => one.user === user);
    return { ok: await until(() => seen() !== gone, ms) };
  },
  stateless({ name, payload }) {
    const client = clients.get(name);
    client.provider.sendStateless(JSON.stringify(payload));
    return {};
  },
  async logged({ name, kind, ms = PATIENCE_MS }) {
    const client = clients.get(name);
    await until(() => client.log.some(([one]) => one === kind), ms);
    return { log: client.log, closes: client.closes };
  },
  async refused({ name, ms = PATIENCE_MS }) {
    const client = clients.get(name);
    return { ok: await until(() => client.log.some(([kind, one]) => kind === "stateless" && one.type === "update_refused"), ms) };
  },
  async closed({ name, ms = PATIENCE_MS }) {
    const client = clients.get(name);
    await until(() => client.closes.length > 0, ms);
    return { closes: client.closes };
  },
  pending({ name }) {
    const { store } = clients.get(name).doc;
    return { pending: store.pendingStructs !== null || store.pendingDs !== null };
  },
  async disconnect({ name }) {
    const client = clients.get(name);
    client.kind === "hocuspocus" ? client.socket.disconnect() : client.provider.disconnect();
    // Until its socket is closed, a hocuspocus client that is told to connect again does nothing.
    if (client.socket) await until(() => client.socket.status === "disconnected", PATIENCE_MS);
    return {};
  },
  reconnect({ name }) {
    const client = clients.get(name);
    client.kind === "hocuspocus" ? client.socket.connect() : client.provider.connect();
    return {};
  },
  destroy({ name }) {
    const client = clients.get(name);
    client.provider.destroy();
    if (client.socket && ![...clients.values()].some((one) => one !== client && one.socket === client.socket)) client.socket.destroy();
    clients.delete(name);
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, order, ...given } = JSON.parse(line);
  Promise.resolve()
    .then(() => orders[order](given))
    .then((answer) => process.stdout.write(JSON.stringify({ id, ...answer }) + "\n"))
    .catch((error) => process.stdout.write(JSON.stringify({ id, error: String(error.stack) }) + "\n"));
}
process.exit(0);
