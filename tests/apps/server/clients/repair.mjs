// Two tabs on one debug page: a repair that is clicked in one is seen in the other. Prints one JSON line.
import { chromium } from "playwright-core";
const [base, path, code, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const found = { errors: [] };
const [mine, other] = [await browser.newPage(), await browser.newPage()];
for (const page of [mine, other]) {
  page.on("pageerror", (error) => found.errors.push(error.message));
  await page.goto(base + path);
  await page.waitForFunction(() => document.querySelector("#live").textContent === "live");
}
const button = `button[data-action=repair][data-code=${code}]`;
found.before = await other.locator(button).count();
await mine.click(button);
await mine.waitForFunction(() => document.querySelector("#said").textContent !== "");
found.said = await mine.locator("#said").textContent();
await other.waitForFunction((button) => document.querySelector(button) === null, button);
found.standing = await other.locator("#standing").textContent();
console.log(JSON.stringify(found));
await browser.close();
