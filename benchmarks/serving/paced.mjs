// How late paced updates are at servers that run beside each other: one process asks them in turn, several rounds.
// What the client itself costs is the same for each; its garbage is collected before each round, not in it.
import { at, gathered, pause, written } from "./peers.mjs";

const [targets, clients, count, rate, rounds] = process.argv.slice(2);
const WARM = 100;
const made = written(Number(count) + WARM);
const found = {};
for (let round = 0; round < Number(rounds); round += 1) {
  for (const target of JSON.parse(targets)) {
    const group = await gathered(target, `paced-${round}.chat`, Number(clients) - 1, made);
    await group.paced(WARM, Number(rate));
    globalThis.gc?.();
    await pause(200);
    const late = await group.paced(Number(count), Number(rate));
    group.close();
    await pause(200);
    (found[target.name] ??= []).push({ p50_ms: at(late, 0.5), p99_ms: at(late, 0.99), most_ms: late.at(-1), deliveries: late.length });
  }
}
console.log(JSON.stringify(found));
process.exit(0);
