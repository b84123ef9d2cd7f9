// How many updates a second of one writer reach all readers of one server, or of several; and with a rate as a sixth
// argument, how late a quarter as many are at that.
import { at, gathered, pause, written } from "./peers.mjs";

const [url, kind, name, clients, count, rate] = process.argv.slice(2);
const burst = Number(count), paced = rate ? Math.ceil(burst / 4) : 0;
const made = written(burst + paced);
const group = await gathered({ url, kind }, name, Number(clients) - 1, made);
const found = { per_second: await group.burst(burst), updates: burst };
if (paced) {
  await pause(500);
  const late = await group.paced(paced, Number(rate));
  Object.assign(found, { p50_ms: at(late, 0.5), p99_ms: at(late, 0.99) });
}
console.log(JSON.stringify(found));
process.exit(0);
