// The debug page whose log is compacted before it follows it. Says «waiting», goes on at a line, prints one JSON line.
import { chromium } from "playwright-core";
import { createInterface } from "node:readline";
const [base, path, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const told = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const found = { errors: [] };
const page = await browser.newPage();
page.on("pageerror", (error) => found.errors.push(error.message));
let goOn, asked;
const mayGoOn = new Promise((resolve) => { goOn = resolve; });
const isAsked = new Promise((resolve) => { asked = resolve; });
await page.route("**/events?*", async (route) => { asked(); await mayGoOn; await route.continue(); }, { times: 1 });
await page.goto(base + path);
await isAsked;
console.log("waiting");
await told.next();
goOn();
await page.waitForFunction(() => document.querySelector("#timeline").textContent.includes("compacted away"));
const gap = page.locator("#timeline tbody tr", { hasText: "compacted away" });
found.gap = await gap.textContent();
console.log("followed");
await told.next();
await page.waitForFunction(() => document.querySelector("#timeline tbody tr pre")?.textContent.includes("said live"));
await page.waitForFunction(() => document.querySelector("#live").textContent === "live");
const rows = await page.locator("#timeline tbody tr td:first-child").allTextContents();
found.above = rows.slice(0, rows.indexOf(found.gap)).map(Number);
console.log(JSON.stringify(found));
await browser.close();
