// The debug page, live: integrity and events come as server-sent events, and every text goes in as text.
const page = document.body.dataset;
const find = (selector) => document.querySelector(selector);
const spans = new Map();
const SPARK_POINTS = 60;
const ROWS_MAX = 300;
const TEXT_MAX = 10000;

const element = (name, text, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = visible(String(text));
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

// Control characters and marks that turn the direction of what follows are shown, not obeyed; as the server does.
const visible = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (one) =>
    one === "\n" || one === "\t" ? one : `⟨U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

// As the server does: a page shows hundreds of texts.
const cut = (text) => text.length <= TEXT_MAX ? text
  : `${text.slice(0, TEXT_MAX)}… and ${(text.length - TEXT_MAX).toLocaleString("en")} characters more`;

const say = (text) => { const place = find("#said"); if (place) place.textContent = text; };

const draw = (name, value) => {
  const points = spans.get(name) ?? [];
  spans.set(name, points);
  if (points.length === 0) points.push(value); // A line from the first moment on, not only after a change.
  points.push(value);
  if (points.length > SPARK_POINTS) points.shift();
  for (const place of document.querySelectorAll("[data-spark]")) {
    if (place.dataset.spark !== name || points.length < 2) continue;
    const most = Math.max(1, ...points);
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 120 22");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${name}: ${points.at(-1)} now, ${Math.max(...points)} at most`);
    const line = document.createElementNS(space, "polyline");
    line.setAttribute("points", points.map((one, at) =>
      `${(at * 118) / (points.length - 1) + 1},${20 - (one * 18) / most}`).join(" "));
    svg.append(line);
    place.replaceChildren(svg);
  }
};

const standing = (report) => {
  const count = report.violations.length;
  const words = report.ok ? "every promise holds" : `${count} violation${count === 1 ? "" : "s"}`;
  const place = find("#standing");
  if (place && place.textContent !== words) {
    place.replaceChildren(element("span", words, { class: `badge ${report.ok ? "good" : "bad"}` }));
  }
};

const counters = (report) => {
  for (const [name, value] of Object.entries(report.counters)) {
    for (const place of document.querySelectorAll("[data-counter]")) {
      if (place.dataset.counter === name) place.textContent = value;
    }
    draw(name, value);
  }
};

const act = async (body, button) => {
  const bar = find("#progress");
  bar.hidden = false;
  button.disabled = true;
  say("");
  try {
    const response = await fetch(page.act, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Chatdoc-Token": page.token },
      body: JSON.stringify(body),
    });
    const answer = await response.json().catch(() => ({ said: "the server could not do that" }));
    if (answer.html !== undefined) showIntegrity(answer.html);
    say(answer.said ?? "done");
  } catch {
    say("the server does not answer");
  } finally {
    find("#progress").hidden = true;
    button.disabled = false;
  }
};

// Rendered by the server, with every text escaped there; parsed apart, so that nothing in it could run.
const showIntegrity = (html) => {
  const made = new DOMParser().parseFromString(html, "text/html");
  const place = find("#violations");
  const open = [...place.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  place.replaceChildren(...made.querySelector("#violations").childNodes);
  for (const one of place.querySelectorAll("details")) one.open = open.includes(one.dataset.key);
};

const followIntegrity = () => {
  const source = new EventSource(`${page.document}/integrity`);
  let first = true;
  source.addEventListener("integrity", (message) => {
    const report = JSON.parse(message.data);
    standing(report);
    counters(report);
    if (!first) reloadViolations();
    first = false;
  });
};

const reloadViolations = async () => {
  const response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  if (response.ok) showIntegrity(await response.text());
};

const row = (event) => {
  const made = element("tr", undefined, { class: "new" });
  const fold = element("details");
  const text = JSON.stringify(event.payload, null, 2);
  fold.append(element("summary", `${JSON.stringify(event.payload).slice(0, 72)}…`), element("pre", cut(text)));
  const cells = [
    ["sequence", event.sequence], ["time", event.occurredAt.slice(0, 19).replace("T", " ")],
    ["type", event.eventType], ["stream", event.streamId], ["actor", event.actorKind],
  ].map(([label, value]) => element("td", value, { "data-label": label }));
  const last = element("td", undefined, { "data-label": "payload" });
  last.append(fold);
  made.append(...cells, last);
  return made;
};

const matches = (line, wanted) => line.textContent.toLowerCase().includes(wanted);

const filter = () => {
  const wanted = find("#filter").value.trim().toLowerCase();
  for (const line of document.querySelectorAll("#timeline tbody tr")) line.hidden = !matches(line, wanted);
};

const followEvents = () => {
  const source = new EventSource(`${page.document}/events?after=${page.after}`);
  const lines = find("#timeline tbody");
  const live = find("#live");
  const waiting = [];
  source.addEventListener("open", () => { live.textContent = "live"; });
  source.addEventListener("error", () => { live.textContent = "connecting again"; });
  const show = () => {
    const wanted = find("#filter").value.trim().toLowerCase();
    for (const event of waiting.splice(0)) {
      const made = row(event);
      made.hidden = !matches(made, wanted);
      lines.prepend(made);
    }
    while (lines.rows.length > ROWS_MAX) lines.deleteRow(-1);
  };
  // Where the log is not whole a line says so: the source comes back by itself, behind what is gone.
  const gap = (words) => {
    const made = element("tr", undefined, { class: "new" });
    made.append(element("td", words, { colspan: 6, class: "quiet" }));
    lines.prepend(made);
  };
  source.addEventListener("compacted", (message) => {
    show();
    gap(`Events up to ${JSON.parse(message.data).through_sequence} were compacted away meanwhile.`);
  });
  source.addEventListener("restarted", () => {
    waiting.length = 0;
    lines.replaceChildren();
    gap("This is another log now, and comes from its beginning.");
  });
  source.addEventListener("event", (message) => {
    waiting.push(JSON.parse(message.data));
    if (find("#follow").checked) show();
    else live.textContent = `live, ${waiting.length} wait`;
  });
  find("#follow").addEventListener("change", () => { if (find("#follow").checked) { show(); live.textContent = "live"; } });
  find("#filter").addEventListener("input", filter);
};

const login = find("#login");
if (login) {
  login.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await fetch(`${page.base}/debug-login`, { method: "POST", body: new FormData(login).get("token") });
    if (response.ok) location.reload();
    else say("this token may not see it");
  });
}

if (page.document) {
  followIntegrity();
  followEvents();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (button) act({ action: button.dataset.action, code: button.dataset.code ?? "", subject: button.dataset.subject ?? "" }, button);
  });
}
