// What one asynchronous call allocates, told to the process that asks. It runs with so much room for young objects that
// nothing is collected within a round: what is allocated is then what the heap grows by.
import { AsyncLocalStorage } from "node:async_hooks";
import { comparing } from "./call.bench.ts";

const times = 5_000;
const [, , name, tracked] = process.argv;
const call = comparing[name!]!();
if (tracked !== undefined) new AsyncLocalStorage<number>().run(1, () => undefined);
process.send!({ bytes: await bytesOf(call), microtasks: await microtasksOf(call) });

/** The median of nine rounds. */
async function bytesOf(call: (id: number) => Promise<unknown>): Promise<number> {
  for (let id = 0; id < 4 * times; id++) await call(id);
  const rounds: number[] = [];
  for (let round = 0; round < 9; round++) {
    gc!();
    const before = process.memoryUsage().heapUsed;
    for (let id = 0; id < times; id++) await call(id);
    rounds.push((process.memoryUsage().heapUsed - before) / times);
  }
  return rounds.sort((a, b) => a - b)[4]!;
}

/** How many microtasks come between a call and its caller. */
async function microtasksOf(call: (id: number) => Promise<unknown>): Promise<number> {
  let ticks = 0;
  let counting = true;
  const tick = (): void => {
    if (!counting) return;
    ticks += 1;
    queueMicrotask(tick);
  };
  const answered = call(1).then(() => (counting = false));
  queueMicrotask(tick);
  await answered;
  return ticks;
}
