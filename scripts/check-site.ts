/**
 * `npm run test:docs`, when the site is built: every link of every page leads to a page and a heading that are there, each entry has
 * its page in the API reference, and nothing is loaded from elsewhere, the search included.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, type DefaultTreeAdapterTypes } from "parse5";
import manifest from "../package.json" with { type: "json" };
import { entries } from "./entries.ts";

const dist = join(import.meta.dirname, "../docs/.vitepress/dist");
const base = "/sidelane/";

interface Page {
  readonly links: readonly string[];
  readonly loaded: readonly string[];
  readonly ids: ReadonlySet<string>;
}

function read(file: string): Page {
  const links: string[] = [];
  const loaded: string[] = [];
  const ids = new Set<string>();
  const visit = (node: DefaultTreeAdapterTypes.Node): void => {
    if ("attrs" in node) {
      const attributes = Object.fromEntries(node.attrs.map(({ name, value }) => [name, value]));
      if (attributes["id"] !== undefined) ids.add(attributes["id"]);
      if (node.tagName === "a" && attributes["href"] !== undefined) links.push(attributes["href"]);
      else if (attributes["src"] !== undefined) loaded.push(attributes["src"]);
      else if (node.tagName === "link" && attributes["href"] !== undefined) loaded.push(attributes["href"]);
    }
    if ("childNodes" in node) for (const child of node.childNodes) visit(child);
  };
  visit(parse(readFileSync(join(dist, file), "utf8")));
  return { links, loaded, ids };
}

const files = readdirSync(dist, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".html"));
const pages = new Map(files.map((file) => [file, read(file)]));
const problems: string[] = [];
let count = 0;
for (const [file, { links, loaded }] of pages) {
  for (const link of links) {
    const here = link.startsWith(manifest.homepage) ? `${base}${link.slice(manifest.homepage.length)}` : link;
    const { origin, pathname, hash } = new URL(here, `https://site.test${base}${file}`);
    if (origin !== "https://site.test") continue;
    count += 1;
    const name = pathname.slice(base.length).replace(/(?:^|\/)$/, (end) => `${end}index.html`);
    const target = pages.get(name) ?? pages.get(`${name}.html`);
    if (!pathname.startsWith(base) || target === undefined) problems.push(`${file}: ${link} leads nowhere`);
    else if (hash !== "" && !target.ids.has(decodeURIComponent(hash.slice(1))))
      problems.push(`${file}: ${link} has no such heading`);
  }
  for (const each of loaded) {
    if (!each.startsWith(base)) problems.push(`${file} loads ${each}`);
    else if (!existsSync(join(dist, each.slice(base.length)))) problems.push(`${file}: ${each} is not there`);
  }
}
const index = readdirSync(join(dist, "assets"), { recursive: true, encoding: "utf8" }).find((file) =>
  file.includes("localSearchIndex"),
);
if (index === undefined) problems.push("there is no index to search in");
const referred = files.filter((file) => file.startsWith("reference/")).length;
if (referred !== Object.keys(entries).length + 1) problems.push(`the API reference has ${referred} pages`);

for (const problem of problems) console.log(problem);
console.log(`${files.length} pages, ${count} links, ${problems.length} problems`);
if (problems.length > 0 || files.length < 20) process.exitCode = 1;
