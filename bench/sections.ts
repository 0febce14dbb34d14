import { compared, comparedUntracked, switchedOff, waiting } from "./call.bench.ts";
import { measureCompare } from "./compare.bench.ts";
import { reported } from "./comparison.bench.ts";
import { measureFootprint } from "./footprint.bench.ts";
import { measureHttp } from "./http.bench.ts";
import { measureNdjson } from "./ndjson.bench.ts";
import { measureRollout } from "./rollout.bench.ts";
import { toldAsync, toldDocuments, toldMismatch, toldSync } from "./telling.bench.ts";
import type { Timing } from "./rounds.ts";
import { callTable, markdown, percent, rateTable, times, type Table } from "./tables.ts";

/** One part of docs/performance.md. */
export interface Section {
  readonly title: string;
  /** Measures in so many rounds, and gives what stands below the title. */
  measure(count: number): Promise<string>;
}

const tellingNote =
  "All the processor time that a call takes, delivery to a plain function and the collector's work included; 50 calls a turn.";
const httpTurns = 21;

export const sections: readonly Section[] = [
  calls("Every result told, synchronous, tiny equal result", toldSync, tellingNote),
  calls("Every result told, asynchronous, tiny equal result", toldAsync, tellingNote),
  parts("A mismatch told, with its difference", toldMismatch),
  parts("Documents of 64 KB told", toldDocuments),
  calls("Switched off, synchronous", (count) => switchedOff.sync(count)),
  calls("Compared, synchronous, tiny equal result", (count) => compared.sync(count)),
  {
    title: "Outcomes that are reported, synchronous, tiny equal result",
    async measure(count) {
      const timings = await reported(count);
      const [direct, wrapped] = timings as [Timing, Timing];
      return [
        "Beyond a direct call, `begin` and both outcomes may cost 1.2 times what the wrapped call does.",
        "",
        markdown(
          ["", "a call", "spread", "beyond a direct call, beside `experiment`"],
          timings.map(({ name, ns, spread }) => [
            name,
            `${ns.toFixed(0)} ns`,
            percent(spread),
            times((ns - direct.ns) / (wrapped.ns - direct.ns)),
          ]),
        ),
      ].join("\n");
    },
  },
  calls("Switched off, asynchronous", (count) => switchedOff.async(count)),
  calls(
    "Compared, asynchronous, tiny equal result",
    (count) => compared.async(count),
    "All in one process, in which AsyncLocalStorage is in use, since runs are tracked by default. On Node before 24 that\nslows every promise of a process, with or without an experiment: those of the other rows, too.",
  ),
  calls(
    "Compared, asynchronous, tiny equal result, with `trackRuns: false`",
    comparedUntracked,
    "In a process in which nobody uses AsyncLocalStorage.",
  ),
  calls("Control of 1 ms beside a candidate of 20 ms, asynchronous", waiting),
  {
    title: "Footprint of one asynchronous call, compared, tiny equal result",
    async measure() {
      const footprints = await measureFootprint();
      return [
        "Each in a process of its own. Node before 24 marks every promise of a process that uses AsyncLocalStorage.",
        "",
        markdown(
          ["", "bytes allocated", "where AsyncLocalStorage is in use", "microtasks until its caller goes on"],
          footprints.map(({ name, bytes, trackedBytes, microtasks }) => [
            name,
            bytes === undefined ? "" : Math.round(bytes),
            trackedBytes === undefined ? "" : Math.round(trackedBytes),
            microtasks,
          ]),
        ),
      ].join("\n");
    },
  },
  {
    title: "An HTTP server on loopback under steady load",
    async measure() {
      const rows = await measureHttp(httpTurns);
      return [
        `500 requests a second, each looked up in 2 ms; medians of ${httpTurns} turns of 1 000 requests, one way after the other.`,
        "",
        markdown(
          ["", "median", "99th percentile", "beside no experiment, turn by turn"],
          rows.map(({ name, p50Ms, p99Ms, besideWithout }) => [
            name,
            `${p50Ms.toFixed(2)} ms`,
            `${p99Ms.toFixed(2)} ms`,
            times(besideWithout),
          ]),
        ),
      ].join("\n");
    },
  },
  { title: "What it takes to compare two values", measure: measureCompare },
  {
    title: "Results and an NDJSON file",
    async measure(count) {
      const tables = await measureNdjson(count);
      return [
        ...tables.flatMap((table) => [`### ${table.title}`, "", rateTable(table), ""]),
        "The queue of a publisher takes results faster than a disk: what it cannot hold, 1 000 results or 8 MB, is dropped and",
        "counted. `written` is what one process writes, of a result with one difference.",
      ].join("\n");
    },
  },
  {
    title: "A rollout's part in a call",
    async measure(count) {
      const costs = await measureRollout(count);
      return markdown(
        ["", "a time", "spread", "budget"],
        costs.map(({ name, ns, spread, budgetNs }) => [
          name,
          `${ns.toFixed(1)} ns`,
          percent(spread),
          budgetNs === undefined ? "" : `${budgetNs} ns`,
        ]),
      );
    },
  },
];

/** Rows beside the first one. */
function parts(title: string, measure: (count: number) => Promise<Table["timings"]>): Section {
  return {
    title,
    async measure(count) {
      const timings = await measure(count);
      return markdown(
        ["", "a call", "spread", "beside the first row"],
        timings.map(({ name, ns, spread }) => [
          name,
          `${(ns / 1_000).toFixed(2)} µs`,
          percent(spread),
          times(ns / timings[0]!.ns),
        ]),
      );
    },
  };
}

function calls(title: string, measure: (count: number) => Promise<Table["timings"]>, note?: string): Section {
  return {
    title,
    async measure(count) {
      const table = callTable({ title, timings: await measure(count) });
      return note === undefined ? table : `${note}\n\n${table}`;
    },
  };
}
