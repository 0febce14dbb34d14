// 100 000 calls with a candidate that never settles: prints how many bytes are kept, with time standing still and passing.
import { Laboratory } from "../../src/experiment/laboratory.ts";
import { systemClock } from "../../src/model/clock.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { residualsOf } from "./residuals.ts";

const calls = 100_000;

async function keptBytes(msPerCall: number): Promise<object> {
  const clock = msPerCall > 0 ? fixedClock() : undefined;
  const laboratory = new Laboratory({ clock: clock ?? systemClock, publishers: [() => undefined] });
  const run = laboratory.experiment("hanging", {
    control: async (n: number) => ({ n }),
    candidate: () => new Promise<{ n: number }>(() => undefined),
  });
  for (let index = 0; index < 1_000; index++) await run(index);
  const before = await heapUsed();
  let wrong = 0;
  for (let index = 0; index < calls; index++) {
    if ((await run(index)).n !== index) wrong += 1;
    clock?.advance(msPerCall);
  }
  const kept = (await heapUsed()) - before;
  const { experiments } = laboratory.status();
  const { started, timedOut, stalled } = experiments["hanging"]!;
  return { kept, wrong, started, timedOut, stalled, residuals: residualsOf(laboratory.status()) };
}

async function heapUsed(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    (globalThis as { gc?: () => void }).gc!();
  }
  return process.memoryUsage().heapUsed;
}

process.stdout.write(JSON.stringify([await keptBytes(0), await keptBytes(20)]));
