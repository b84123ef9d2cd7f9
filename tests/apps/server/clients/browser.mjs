// A real browser on the debug page: what runs, what is blocked, what changes live. Prints one JSON line.
import { chromium } from "playwright-core";
const [base, path, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const found = { errors: [], dialogs: 0, widths: {} };
const page = await browser.newPage();
page.on("console", (message) => message.type() === "error" && found.errors.push(message.text()));
page.on("pageerror", (error) => found.errors.push(error.message));
page.on("dialog", (dialog) => { found.dialogs += 1; dialog.dismiss(); });
await page.goto(base + path);
await page.waitForFunction(() => document.querySelector("#live").textContent === "live");
for (const width of [1280, 400]) {
  await page.setViewportSize({ width, height: 800 });
  found.widths[width] = await page.evaluate(() => document.documentElement.scrollWidth);
}
const before = await page.locator("#timeline tbody tr").count();
const document = path.split("?")[0].replace("/debug/", "/api/documents/");
await page.evaluate(([document]) => fetch(`${document}/commands`, {
  method: "POST", headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ type: "create_thread", sender_id: "<img src=x onerror=alert(2)>", content: "<script>alert(3)</script>" }),
}), [document]);
await page.waitForFunction((before) => document.querySelectorAll("#timeline tbody tr").length > before, before);
found.live = await page.locator("#timeline tbody tr").first().textContent();
await page.fill("#filter", "no such event");
found.shown = await page.locator("#timeline tbody tr:visible").count();
await page.click("button[data-action=check]");
await page.waitForFunction(() => document.querySelector("#said").textContent !== "");
found.said = await page.locator("#said").textContent();
found.elements = await page.evaluate(() => document.querySelectorAll("main img, main script, main svg[onload], a[href^=javascript]").length);
await page.evaluate(() => { const one = document.createElement("script"); one.textContent = "window.ran = 1"; document.body.append(one); });
found.inline = await page.evaluate(() => window.ran ?? 0);
const foreign = await browser.newPage();
await foreign.goto("data:text/html,<p>elsewhere</p>");
found.foreign = await foreign.evaluate(async ([url]) => {
  const tried = await Promise.allSettled([
    fetch(`${url}/api/documents`), fetch(`${url}/debug`, { method: "POST", body: "{}" }),
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url.replace("http", "ws") + "/sync/x.chat");
      socket.onopen = resolve; socket.onerror = () => reject(new Error("refused"));
    }),
  ]);
  return tried.map((one) => one.status);
}, [base]);
console.log(JSON.stringify(found));
await browser.close();
