/**
 * `npm run simulate -- [memory] [file] [PostgreSQL] [Redis] [--minutes n] [--processes 500] [--keys 1000000] [--calls n] [--poll seconds]`:
 * a fleet on each of these stores, and as a table of Markdown how often it was wrong of a candidate, how soon it found what went wrong, and what
 * the store had to do. On `memory` time is simulated, a day by default; on the others ten minutes pass.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { simulated, type Simulated } from "./simulation/in-memory.ts";
import { missing, onServer, type RealStore } from "./simulation/on-servers.ts";
import { tableOf, type Column } from "./simulation/tables.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string" },
    processes: { type: "string", default: "500" },
    keys: { type: "string", default: "1000000" },
    calls: { type: "string", default: "10" },
    poll: { type: "string", default: "10" },
  },
});
const asked = positionals.length > 0 ? positionals : ["memory", ...Object.keys(missing)];
const strange = asked.find((name) => name !== "memory" && !Object.hasOwn(missing, name));
if (strange !== undefined) {
  console.error(
    `There is no store ${JSON.stringify(strange)}. There are: ${["memory", ...Object.keys(missing)].join(", ")}`,
  );
  process.exit(1);
}
const of = {
  processes: Number(values.processes),
  keys: Number(values.keys),
  callsPerMinute: Number(values.calls),
  pollMs: 1_000 * Number(values.poll),
  seed: 1,
};
console.log(`${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`);
const columns: Column[] = [];
for (const store of asked) {
  if (store === "memory") {
    const minutes = Number(values.minutes ?? 1_440);
    const column = (soFar: Simulated): Column => ({ store, pollMs: of.pollMs, ...soFar });
    // A day takes hours where others use the machine: what is known by then is told each hour.
    const told = (soFar: Simulated): void => console.error(`\nof ${minutes} minutes:\n${tableOf([column(soFar)])}`);
    columns.push(column(await simulated({ ...of, minutes }, told)));
  } else {
    const reason = missing[store as RealStore];
    if (reason === undefined)
      columns.push(await onServer(store as RealStore, { ...of, minutes: Number(values.minutes ?? 10) }));
    else console.error(`${store} is left out: ${reason}`);
  }
}
console.log(tableOf(columns));
for (const { store, faults } of columns)
  for (const [message, times] of Object.entries(faults)) console.log(`${store}, ${times} times: ${message}`);
process.exit(0);
