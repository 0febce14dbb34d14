/**
 * What the page does where scripts run: filter, order of rows, links to everything, copy buttons, and the news of a live page. It makes
 * elements and sets texts, and never parses HTML; the page is complete without it.
 */
export const pageScript = `
"use strict";
(() => {
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (name, text, attributes = {}) => {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const live = document.body.dataset.live;
/* Elements and texts as they were sent, to be found by their numbers when some are others: blank texts and forms do not count. */
const nodes = [];
if (live !== undefined) {
  const [accept, reject] = [NodeFilter.FILTER_ACCEPT, NodeFilter.FILTER_REJECT];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node.nodeType === 3 ? (node.data.trim() === "" ? reject : accept) : /^(?:form|script)$/i.test(node.nodeName) ? reject : accept);
  while (walker.nextNode()) nodes.push(walker.currentNode);
}
const whenChanged = [];
const cards = all("nav li");
const state = new URLSearchParams(location.search);

/* Filter: what is typed, and one state. */
if (cards.length > 1) {
  const search = make("input", "", { type: "search", id: "filter", placeholder: "Filter ( / )", "aria-label": "Filter experiments by name, owner or stage" });
  const choice = make("select", "", { "aria-label": "Filter experiments by state" });
  choice.append(make("option", "any state", { value: "" }));
  for (const kind of new Set(cards.map((card) => card.className))) choice.append(make("option", kind.replace("-", " "), { value: kind }));
  const told = make("p", "", { role: "status", class: "dim" });
  const bar = make("div", "", { class: "bar" });
  bar.append(search, choice, told);
  document.querySelector("nav").prepend(bar);
  const filter = () => {
    const texts = cards.map((card) => card.textContent.toLowerCase());
    const words = search.value.toLowerCase().split(/\\s+/);
    let shown = 0;
    cards.forEach((card, index) => {
      const fits = (choice.value === "" || card.className === choice.value) && words.every((word) => texts[index].includes(word));
      card.hidden = !fits;
      const section = document.getElementById(card.dataset.of);
      if (section) section.hidden = !fits;
      if (fits) shown += 1;
    });
    told.textContent = shown === cards.length ? "" : shown + " of " + cards.length + " experiments";
  };
  const apply = () => {
    filter();
    const query = new URLSearchParams(location.search);
    for (const [name, value] of [["q", search.value], ["state", choice.value]]) value === "" ? query.delete(name) : query.set(name, value);
    const text = query.toString();
    try { history.replaceState(null, "", (text === "" ? location.pathname : "?" + text) + location.hash); } catch { /* A page from a file may not. */ }
  };
  search.value = state.get("q") ?? "";
  if ([...choice.options].some(({ value }) => value === state.get("state"))) choice.value = state.get("state");
  search.addEventListener("input", apply);
  choice.addEventListener("change", apply);
  document.addEventListener("keydown", (event) => {
    const typing = /^(?:INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; apply(); }
  });
  apply();
  whenChanged.push(filter);
}

/* Order of rows: by number where all are numbers, by text otherwise. */
const valueOf = (cell) => {
  const text = cell.firstChild?.textContent ?? cell.textContent;
  const number = /^[<≤]?\\s*([\\d\\u00a0 .]+)\\s*(?:%)?$/.exec(text.trim());
  return number ? Number(number[1].replace(/[\\s\\u00a0]/g, "")) : text;
};
for (const table of all("table.groups")) {
  const heads = all("th", table);
  heads.forEach((head, column) => {
    if (head.textContent === "trend") return;
    const button = make("button", head.textContent, { type: "button" });
    head.textContent = "";
    head.append(button);
    const sort = (down) => {
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
      rows.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0) * (down ? -1 : 1));
      body.append(...rows.map(([, row]) => row));
    };
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(down);
    });
    whenChanged.push(() => {
      const order = head.getAttribute("aria-sort");
      if (order !== null) sort(order === "descending");
    });
  });
}

/* Toggles: of kinds of mismatch those that are new, and those that are no noise. */
for (const table of all("table.groups")) {
  const rows = [...table.tBodies[0].rows];
  const is = (row, what) => (row.dataset.is ?? "").split(" ").includes(what);
  const wanted = [["only new", (row) => is(row, "new")], ["hide noise", (row) => !is(row, "noise")]]
    .filter(([, fits]) => rows.some(fits) && !rows.every(fits));
  if (wanted.length === 0) continue;
  const bar = make("p", "", { class: "tools" });
  const boxes = wanted.map(([name, fits]) => {
    const box = make("input", "", { type: "checkbox" });
    const label = make("label", "");
    label.append(box, " " + name);
    bar.append(label);
    return [box, fits];
  });
  const apply = () => { for (const row of rows) row.hidden = !boxes.every(([box, fits]) => !box.checked || fits(row)); };
  for (const [box] of boxes) box.addEventListener("change", apply);
  whenChanged.push(apply);
  table.before(bar);
}

/* Links and copies. */
const copy = async (text, button) => {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
  } catch {
    const area = make("textarea", text, { "aria-label": "To be copied" });
    button.after(area);
    area.select();
    return;
  }
  setTimeout(() => { button.textContent = before; }, 1500);
};
for (const target of all("section[id] > h2, article[id] > h3")) {
  target.append(" ", make("a", "#", { href: "#" + target.parentElement.id, class: "link", "aria-label": "Link to " + target.textContent }));
}
for (const article of all("article[id]")) {
  for (const row of all("table.groups tbody tr", article)) {
    row.dataset.s = row.querySelector("code").textContent.split(" ").at(-1);
    row.id = article.id + "/" + row.dataset.s;
  }
}
const opened = (row, details) => {
  if (row.dataset.made) return;
  row.dataset.made = "1";
  const signature = row.dataset.s;
  const tools = make("p", "", { class: "tools" });
  const rule = make("button", "Copy as known mismatch", { type: "button" });
  rule.addEventListener("click", () => copy("{ name: \\"\\", signature: " + JSON.stringify(signature) + " },", rule));
  const command = make("button", "Copy command", { type: "button" });
  command.addEventListener("click", () => copy("npx sidelane explain results.ndjson " + signature, command));
  tools.append(rule, command, make("a", "Link", { href: "#" + row.id }));
  details.append(tools);
};
document.addEventListener("toggle", (event) => {
  const row = event.target.closest?.("tr[data-s]");
  if (row && event.target.open) opened(row, event.target);
}, true);
const follow = () => {
  let target = null;
  try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))) ?? document.getElementById(location.hash.slice(1)); } catch { return; }
  const details = target?.querySelector?.("details");
  if (target?.tagName === "TR" && details) { details.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", follow);
follow();

/* News of a live page: numbers change in place. Where more than numbers is another it is shown at once, or offered to who is in the middle of something. */
if (live !== undefined) {
  let shown = live;
  const note = make("p", "", { role: "status", class: "news", hidden: "" });
  const again = make("button", "New numbers are there: show them", { type: "button" });
  again.addEventListener("click", () => location.reload());
  note.append(again);
  document.querySelector("header").append(note);
  const busy = () => document.querySelector("details[open]") !== null || /^(?:INPUT|TEXTAREA|SELECT|BUTTON)$/.test(document.activeElement?.tagName ?? "");
  const heard = (epoch) => {
    if (epoch === shown) return;
    if (busy()) note.hidden = false;
    else location.reload();
  };
  const replaced = (text, at, dropped, added) => text.slice(0, at) + added + text.slice(at + dropped);
  const changed = ({ from, to, nodes: count, changes }) => {
    if (from !== shown || count !== nodes.length) return heard(to);
    for (const [index, name, ...cut] of changes) {
      const node = nodes[index];
      if (name === "") node.data = replaced(node.data, ...cut);
      else node.setAttribute(name, replaced(node.getAttribute(name), ...cut));
    }
    shown = to;
    for (const each of whenChanged) each();
  };
  const url = (what) => { const query = new URLSearchParams(); query.set("show", what); return location.pathname + "?" + query; };
  let polls = false;
  const ask = async () => {
    if (document.hidden) return;
    try { heard((await (await fetch(url("epoch"), { cache: "no-store" })).text()).trim()); } catch { /* The next one may be answered. */ }
  };
  const poll = () => { polls = true; setInterval(ask, 10000); };
  let source;
  const listen = () => {
    source = new EventSource(url("live"));
    source.addEventListener("model", (event) => heard(event.data));
    source.addEventListener("changes", (event) => changed(JSON.parse(event.data)));
    source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) poll(); });
  };
  if (typeof EventSource !== "function") poll();
  else {
    if (!document.hidden) listen();
    /* Nobody looks at a hidden page: it asks again once it is seen. */
    document.addEventListener("visibilitychange", () => {
      if (polls) ask();
      else if (document.hidden) source?.close();
      else listen();
    });
  }
}
})();
`;
