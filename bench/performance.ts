// Measures everything that docs/performance.md says, and writes it. Run: npm run bench [rounds]
// With a part of a title as well, prints the tables of calls that have it, and writes nothing: npm run bench 15 synchronous
import { writeFileSync } from "node:fs";
import { measureCalls, measureWaiting, type Table } from "./call.bench.ts";
import { measureFootprint } from "./footprint.bench.ts";
import { measureHttp } from "./http.bench.ts";
import { measureNdjson } from "./ndjson.bench.ts";
import { measureRollout } from "./rollout.bench.ts";
import { machine } from "./rounds.ts";

const count = Number(process.argv[2] ?? 21);
const only = process.argv[3];

function tableOf({ title, timings }: Table): string {
  const direct = timings[0]!.ns;
  const peer = timings.find(({ name }) => name === "tzientist")?.ns ?? direct;
  const unit = direct > 1e5 ? 1e6 : 1;
  const rows = timings.map(
    ({ name, ns, spread }) =>
      `| ${name} | ${(ns / unit).toFixed(unit === 1 ? 0 : 2)} ${unit === 1 ? "ns" : "ms"} | ±${(spread * 100).toFixed(0)} % | ${(ns / direct).toFixed(2)}× | ${(ns / peer).toFixed(2)}× |`,
  );
  return [
    `## ${title}`,
    "",
    "| | a call | spread | beside a direct call | beside tzientist |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** Figures that are no calls: each beside the first row, and how many a second that makes. */
function rateTableOf({ title, timings }: Table): string {
  const rows = timings.map(
    ({ name, ns, spread }) =>
      `| ${name} | ${ns.toFixed(0)} ns | ±${(spread * 100).toFixed(0)} % | ${(ns - timings[0]!.ns).toFixed(0)} ns | ${(1e6 / ns).toFixed(0)} 000 |`,
  );
  return [
    `## ${title}`,
    "",
    "| | each | spread | more than the first row | a second |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

if (only !== undefined) {
  for (const table of await measureCalls(count, only)) console.log(`${tableOf(table)}\n`);
  process.exit(0);
}

const tables = [...(await measureCalls(count)), await measureWaiting(count)];
const footprints = (await measureFootprint()).map(
  ({ name, bytes, microtasks }) => `| ${name} | ${Math.round(bytes)} | ${microtasks} |`,
);
const http = await measureHttp(15);
const ndjson = await measureNdjson(count);
const rollout = (await measureRollout(count)).map(
  ({ name, ns, spread, budgetNs }) =>
    `| ${name} | ${ns.toFixed(1)} ns | ±${(spread * 100).toFixed(0)} % | ${budgetNs === undefined ? "" : `${budgetNs} ns`} |`,
);
const page = [
  "# Performance",
  "",
  `Written by \`npm run bench\`: medians of ${count} interleaved rounds. ${machine()}.`,
  "Times move with the machine, ratios less. The spread is half the distance between the quartiles.",
  "",
  ...tables.flatMap((table) => [tableOf(table), ""]),
  "## Footprint of one asynchronous call, compared, tiny equal result",
  "",
  "| | bytes allocated | microtasks until its caller goes on |",
  "|---|---|---|",
  ...footprints,
  "",
  "## An HTTP server on loopback under steady load",
  "",
  "500 requests a second, each looked up in 2 ms; medians of 15 turns of 1 000 requests, one way after the other.",
  "",
  "| | median | 99th percentile | beside no experiment |",
  "|---|---|---|---|",
  ...http.map(
    ({ name, p50Ms, p99Ms }) =>
      `| ${name} | ${p50Ms.toFixed(2)} ms | ${p99Ms.toFixed(2)} ms | ${(p99Ms / http[0]!.p99Ms).toFixed(2)}× |`,
  ),
  "",
  ...ndjson.flatMap((table) => [rateTableOf(table), ""]),
  "The queue of a publisher takes results faster than a disk: what it cannot hold, 1 000 results or 8 MB, is dropped and",
  "counted. `written` is what one process writes, of a result with one difference.",
  "",
  "## A rollout's part in a call",
  "",
  "| | a time | spread | budget |",
  "|---|---|---|---|",
  ...rollout,
  "",
].join("\n");
writeFileSync(new URL("../docs/performance.md", import.meta.url), page);
console.log(page);
process.exit(0);
