/**
 * A service that renders Markdown moves from `marked` to `markdown-it`, on real input.
 *
 *     npm run demo:markdown                 the whole corpus
 *     npm run demo:markdown -- 20           the first 20 pages of each source
 *     npm run demo:markdown -- 20 folder    results into `folder`, not `results/markdown-migration`
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import MarkdownIt from "markdown-it";
import { Laboratory, type Result } from "sidelane";
import { ndjsonPublisher } from "sidelane/publishers/ndjson";
import { htmlOf, summary } from "sidelane/report";
import { type Page, packageReadmes, specExamples } from "./corpus.ts";
import { renderWithMarked, renderWithMarkdownIt } from "./renderers.ts";
import { report } from "./report.ts";
import { askSpec } from "./spec.ts";
import { treeOf } from "./tree.ts";

const perSource = Number(process.argv[2] ?? Infinity);
const folder = resolve(process.argv[3] ?? "results/markdown-migration");

const results: Result[] = [];
const lab = new Laboratory({
  publishers: [(result) => void results.push(result)],
  onFault: (fault) => console.error(fault),
});

const definition = {
  control: renderWithMarked,
  candidate: renderWithMarkdownIt,
  context: (page: Page) => ({ page: page.id }),
};
const renderComparingText = lab.experiment("render, compared as text", definition);
const renderComparingTrees = lab.experiment("render, compared as a tree", {
  ...definition,
  compare: { normalize: treeOf, limits: { timeMs: 1_000 } },
});

const started = performance.now();
const pages = [...specExamples().slice(0, perSource), ...packageReadmes(Math.min(perSource, 400))];
for (const [index, page] of pages.entries()) {
  renderComparingText(page);
  renderComparingTrees(page);
  if (index % 50 === 0) {
    await lab.flush();
    showProgress(index);
  }
}
const { publishers } = await lab.close();
showProgress(pages.length);

const text = report(pages.length, [of("render, compared as text"), of("render, compared as a tree")], judge());
console.log(`\n${text}\n`);

mkdirSync(folder, { recursive: true });
write("results.ndjson", results.map((result) => `${JSON.stringify(result, withoutPages)}\n`).join(""));
write("report.md", `${text}\n`);
write("report.html", page(text));
const lost = Object.values(publishers).reduce((sum, { accepted, published }) => sum + accepted - published, 0);
console.log(`${lost} results lost; ${((performance.now() - started) / 1000).toFixed(1)} s`);
await writeReport();

/** The report of all results, as one page for a browser. */
async function writeReport(): Promise<void> {
  const path = join(folder, "records.ndjson");
  rmSync(path, { force: true });
  const publisher = ndjsonPublisher({ path, perMinute: Infinity });
  await publisher.publishBatch?.(results);
  await publisher.close?.();
  write("sidelane.html", await htmlOf(await summary(path)));
  console.log(`Open ${pathToFileURL(join(folder, "sidelane.html")).href} in a browser.`);
}

function of(experiment: string): readonly Result[] {
  return results.filter((result) => result.experiment === experiment);
}

function judge(): ReturnType<typeof askSpec> {
  return askSpec(pages, renderWithMarked, renderWithMarkdownIt);
}

function showProgress(done: number): void {
  const mismatches = results.filter(({ kind }) => kind === "mismatch").length;
  const line = `${done} of ${pages.length} pages, ${mismatches} mismatches`;
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`);
  else console.log(line);
}

function write(name: string, content: string): void {
  const path = join(folder, name);
  writeFileSync(path, content);
  console.log(`written: ${path}`);
}

/** Whole pages would make a large file of a few thousand results; the differences have what is of interest of them. */
function withoutPages(key: string, value: unknown): unknown {
  return key === "value" && typeof value === "string" ? `${value.length} characters` : value;
}

function page(markdown: string): string {
  const style =
    "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{padding:.2rem .8rem;text-align:left}pre{background:#f4f4f4;padding:.6rem;overflow:auto}";
  return `<!doctype html><meta charset="utf-8"><title>From marked to markdown-it</title><style>${style}</style>${new MarkdownIt().render(markdown)}`;
}
