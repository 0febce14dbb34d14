// Run by memory-in-processes.test.ts with a heap of 400 MB: mismatches of large pages, many in a turn.
import { setImmediate as turn } from "node:timers/promises";
import { Laboratory, type PublisherLike } from "../../src/index.ts";

const [, , mode, count] = process.argv;
const calls = Number(count);
const collect = (globalThis as { gc?: () => void }).gc!;

const publishers: Record<string, readonly PublisherLike[]> = {
  nobody: [],
  quick: [() => undefined],
  hanging: [{ name: "hanging", publish: () => new Promise<void>(() => undefined) }],
  "two hanging": [
    { name: "one", publish: () => new Promise<void>(() => undefined) },
    { name: "batches", publish: () => undefined, publishBatch: () => new Promise<void>(() => undefined) },
  ],
};

let serial = 0;
function page(): object {
  serial += 1;
  return {
    rows: Array.from({ length: 3_000 }, (_, id) => ({ id, name: `row ${id} of ${serial}`, price: id + serial })),
  };
}

collect();
const before = process.memoryUsage().heapUsed;
const lab = new Laboratory({ publishers: publishers[mode!]! });
const pages = lab.experiment("pages", { control: async () => page(), candidate: async () => page() });
for (let done = 0; done < calls; done += 20) {
  await Promise.all(Array.from({ length: 20 }, () => pages()));
  await turn();
}
await lab.settled();
collect();
const { memory, experiments } = lab.status();
const counted = memory.groupsBytes + memory.waitingBytes + memory.queuedBytes;
console.log(
  JSON.stringify({
    counted,
    used: process.memoryUsage().heapUsed - before,
    memory,
    mismatched: experiments["pages"]!.mismatched,
    inconclusive: experiments["pages"]!.inconclusive,
  }),
);
await lab.close({ timeoutMs: 100 });
