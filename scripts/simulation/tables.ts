import type { Simulated } from "./in-memory.ts";
import { changes } from "./story.ts";

/** What a server took. */
export interface ServerUsage {
  /** Of one core. */
  readonly cpuShare: number;
  readonly megabytes: number;
}

/** One column of the tables. */
export interface Column extends Simulated {
  readonly store: string;
  readonly pollMs: number;
  readonly server?: ServerUsage;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`;

function detected({ outcome }: Column, change: string): string {
  const all = outcome.detections.filter((each) => each.change === change);
  const found = all.flatMap(({ afterMs }) => afterMs ?? []).sort((a, b) => a - b);
  if (found.length === 0) return all.length === 0 ? "–" : `0 of ${all.length}`;
  const half = found[Math.floor((found.length - 1) / 2)]!;
  return `${seconds(half)}, at most ${seconds(found.at(-1)!)} (${found.length} of ${all.length})`;
}

const rows: readonly (readonly [string, (column: Column) => string])[] = [
  ["for how long", ({ minutes }) => (minutes >= 60 ? `${minutes / 60} h` : `${minutes} min`)],
  ["processes, asking every", ({ processes, pollMs }) => `${processes}, ${seconds(pollMs)}`],
  ["calls", ({ calls }) => calls.toLocaleString("en").replaceAll(",", " ")],
  [
    "called ready at the tolerated rate",
    ({ outcome: { falseReadies, trials } }) => `${falseReadies} in ${trials} times`,
  ],
  ["rolled back while right", ({ outcome }) => String(outcome.falseRollbacks)],
  [
    "live, when right throughout",
    ({ outcome: { liveAfterMs } }) =>
      liveAfterMs === undefined ? "not yet" : `after ${Math.round(liveAfterMs / 60_000)} min`,
  ],
  ...Object.keys(changes).map((change) => [change, (column: Column) => detected(column, change)] as const),
  ["faults", ({ faults }) => String(Object.values(faults).reduce((sum, each) => sum + each, 0))],
  ["exchanges a second", ({ load, minutes }) => ((load.calls["sync"] ?? 0) / minutes / 60).toFixed(1)],
  [
    "other questions a second",
    ({ load: { calls }, minutes }) =>
      (
        Object.entries(calls).reduce((sum, [name, each]) => sum + (name === "sync" ? 0 : each), 0) /
        minutes /
        60
      ).toFixed(1),
  ],
  [
    "an exchange",
    ({ load: { weighed } }) => `${(weighed.bytes / Math.max(1, weighed.exchanges) / 1_000).toFixed(2)} KB`,
  ],
  [
    "a process",
    ({ load: { weighed, calls }, minutes, processes }) => {
      const bytes = (weighed.bytes / Math.max(1, weighed.exchanges)) * (calls["sync"] ?? 0);
      return `${(bytes / minutes / 60 / processes / 1_000).toFixed(2)} KB/s`;
    },
  ],
  ["the server, of one core", ({ server }) => (server ? `${(100 * server.cpuShare).toFixed(1)} %` : "–")],
  ["the server's memory", ({ server }) => (server ? `${Math.round(server.megabytes)} MB` : "–")],
];

/** The columns as a table of Markdown. */
export function tableOf(columns: readonly Column[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...columns.map(({ store }) => store)]),
    line(["---", ...columns.map(() => "---")]),
    ...rows.map(([name, of]) => line([name, ...columns.map(of)])),
  ].join("\n");
}
