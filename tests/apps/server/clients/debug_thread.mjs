// A long thread on the debug page, and an event that arrives while it is looked at. Prints one JSON line.
import { chromium } from "playwright-core";
const [base, path, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const found = { errors: [], widths: {} };
const page = await browser.newPage();
page.on("pageerror", (error) => found.errors.push(error.message));
await page.goto(base + path);
await page.waitForFunction(() => document.querySelector("#live").textContent === "live");
const thread = page.locator("section.thread");
found.name = await thread.locator("h2").textContent();
found.earlier = await thread.locator("p.quiet").first().textContent();
found.texts = await thread.locator("article .content").allTextContents();
await thread.locator("article > details > summary").last().click();
found.revisions = await thread.locator("article").last().locator("table").first().locator("tbody tr").allTextContents();
found.config = await thread.locator("h3:has-text('Config') + .wide tbody tr").allTextContents();
for (const width of [1280, 400]) for (const scheme of ["light", "dark"]) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 800 });
  found.widths[`${width} ${scheme}`] = await page.evaluate(() => document.documentElement.scrollWidth);
}
await page.setViewportSize({ width: 1280, height: 800 });
found.cutOff = await page.evaluate(() => [...document.querySelectorAll("#threads, .wide")]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.querySelector("th")?.textContent));
const before = await page.locator("#timeline tbody tr").count();
await page.evaluate(([document]) => fetch(`${document}/commands`, {
  method: "POST", headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ type: "create_thread", sender_id: "eve", content: "y".repeat(25000), name: "live" }),
}), [path.split("?")[0].replace("/debug/", "/api/documents/")]);
await page.waitForFunction((before) => document.querySelectorAll("#timeline tbody tr").length >= before + 2, before);
found.payload = (await page.locator("#timeline tbody tr").first().locator("pre").textContent()).length;
found.payloadEnd = (await page.locator("#timeline tbody tr").first().locator("pre").textContent()).slice(-40);
await thread.locator("a", { hasText: "close" }).click();
await page.waitForFunction(() => document.querySelector("section.thread") === null);
found.after = await page.locator("#threads").count();
console.log(JSON.stringify(found));
await browser.close();
