// What does publishing to NDJSON cost a caller, and how many results a second does it take? Run with `npm run bench`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Delivery } from "../src/experiment/deliver/delivery.ts";
import { Laboratory, type Publisher, type Result } from "../src/index.ts";
import { systemClock } from "../src/model/clock.ts";
import { ndjsonPublisher } from "../src/publishers/ndjson/index.ts";
import { aResult } from "../src/testing/a-result.ts";
import type { Timing } from "./rounds.ts";
import type { Table } from "./tables.ts";

/** Something that is timed in bursts, with what it has put off done in between, off the clock. */
interface Burst {
  readonly name: string;
  /** Gives the milliseconds of what is timed. */
  run(times: number): number;
  /** Ends what the burst has left to do. */
  settle(): Promise<unknown>;
  /** Gives back its file. */
  end?(): Promise<unknown>;
}

const queueSize = 1_000;
const results: readonly Result[] = Array.from({ length: queueSize }, () => aResult());

async function bursts(contenders: readonly Burst[], times: number, count: number): Promise<Timing[]> {
  const taken = contenders.map((): number[] => []);
  for (let round = -20; round < count * 5; round++) {
    for (const [index, contender] of contenders.entries()) {
      const durationMs = contender.run(times);
      if (round >= 0) taken[index]!.push((durationMs * 1e6) / times);
      await contender.settle();
    }
  }
  for (const contender of contenders) await contender.end?.();
  return contenders.map(({ name }, index) => {
    const sorted = taken[index]!.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
    return { name, ns: at(0.5), spread: (at(0.75) - at(0.25)) / 2 / at(0.5) };
  });
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

/** A call whose candidate runs and is compared at once; the timed part is the caller's. */
function calls(name: string, lab: Laboratory): Burst {
  const price = lab.experiment("price", {
    control: (id: number) => ({ id, total: 12.5 }),
    candidate: (id: number) => ({ id, total: 12.5 }),
  });
  return {
    name,
    run: (times) =>
      timed(() => {
        for (let id = 0; id < times; id++) price(id);
      }),
    settle: async () => {
      await lab.settled();
      await lab.flush();
    },
    end: () => lab.close(),
  };
}

/** Results handed to a queue, as many as it holds. */
function accepted(name: string, publisher: Publisher, busy = false): Burst {
  const delivery = new Delivery(publisher, {
    clock: systemClock,
    random: Math.random,
    detached: (run) => run(),
    onFault(fault) {
      // A queue that is full drops, and says so.
      if (!busy) throw fault.error;
    },
  });
  if (busy) delivery.accept(results[0]!);
  return {
    name,
    run: (times) =>
      timed(() => {
        for (let index = 0; index < times; index++) delivery.accept(results[index]!);
      }),
    settle: () => (busy ? new Promise((resolve) => setImmediate(resolve)) : delivery.flush()),
    end: () => delivery.close(1),
  };
}

/** Results written to a file, from the first that is handed over to the last that the system has taken. */
async function written(path: string, count: number): Promise<Timing> {
  const publisher = ndjsonPublisher({ path, perMinute: Infinity });
  const taken: number[] = [];
  for (let round = -3; round < count; round++) {
    const startedAt = performance.now();
    for (let start = 0; start < queueSize; start += 100) {
      await publisher.publishBatch!(results.slice(start, start + 100));
    }
    if (round >= 0) taken.push(((performance.now() - startedAt) * 1e6) / queueSize);
  }
  await publisher.close!();
  taken.sort((a, b) => a - b);
  const at = (share: number): number => taken[Math.floor(share * (taken.length - 1))]!;
  return { name: "written, batches of 100", ns: at(0.5), spread: (at(0.75) - at(0.25)) / 2 / at(0.5) };
}

/** Beside an array that results are pushed to, and beside a laboratory without publishers. */
export async function measureNdjson(count: number): Promise<Table[]> {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-bench-"));
  const path = join(folder, "results.ndjson");
  const rotate = { bytes: 20_000_000, files: 0 };
  const kept: Result[] = [];
  const hung = {
    ...ndjsonPublisher({ path, perMinute: Infinity }),
    publishBatch: () => new Promise<void>(() => undefined),
  };
  try {
    const accepting = await bursts(
      [
        {
          name: "pushed to an array",
          run: (times) =>
            timed(() => {
              kept.length = 0;
              for (let index = 0; index < times; index++) kept.push(results[index]!);
            }),
          settle: () => Promise.resolve(),
        },
        accepted("accepted, the file keeps up", ndjsonPublisher({ path, rotate, perMinute: Infinity })),
        accepted("accepted, a write hangs and the queue is full", hung, true),
      ],
      queueSize,
      count,
    );
    return [
      {
        title: "One result and an NDJSON file, by result",
        timings: [...accepting, await written(path, count)],
      },
      {
        title: "A caller's call and an NDJSON file, synchronous, tiny equal result",
        timings: await bursts(
          [
            calls("sidelane, no publisher", new Laboratory({})),
            calls("sidelane, nothing but a function", new Laboratory({ publishers: [() => undefined] })),
            calls(
              "sidelane, ndjsonPublisher",
              new Laboratory({ publishers: [ndjsonPublisher({ path, rotate, perMinute: Infinity })] }),
            ),
          ],
          500,
          count,
        ),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
