import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { assertConserved } from "./conservation.ts";
import { held, turn } from "./held.ts";
import { residualsOf } from "./residuals.ts";
import { cases } from "../cases.ts";

/** What may happen, in any order: how a behavior ends, that time passes, that somebody closes or flushes. */
type Settling = "returns" | "rejects" | "never settles";
const settling = fc.constantFrom<Settling>("returns", "rejects", "never settles");

interface Calls {
  readonly control: Exclude<Settling, "never settles">;
  readonly candidate: Settling;
  readonly publish: Settling;
}
const call = fc.record<Calls>({
  control: fc.constantFrom("returns", "rejects"),
  candidate: settling,
  publish: settling,
});

const options = fc.record({
  order: fc.constantFrom<"control-first" | "deferred">("control-first", "deferred"),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  breakAfter: fc.integer({ min: 1, max: 3 }),
  advancesMs: fc.array(fc.constantFrom(1, 49, 51, 5_001), { maxLength: 4 }),
  closes: fc.boolean(),
  flushes: fc.boolean(),
});

describe("in whatever order control, candidate, timeout, publish, flush and close come", () => {
  it("callers get control's outcome, and everything is accounted for at every step", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(call, { minLength: 1, maxLength: 5 }),
        options,
        async (scheduler, calls, { order, maxInFlight, breakAfter, advancesMs, closes, flushes }) => {
          const clock = fixedClock();
          const broken: object[] = [];
          const step = async (label: string): Promise<void> => {
            await scheduler.schedule(Promise.resolve(), label);
            // Noted, since what is thrown in here is a behavior's own error, and contained.
            const residuals = residualsOf(lab.status());
            if (Object.keys(residuals).length > 0) broken.push({ label, residuals });
          };
          let publishing = 0;
          const lab = new Laboratory({
            clock,
            publishers: [
              {
                name: "scheduled",
                publish: () => settleAs(calls[publishing++ % calls.length]!.publish, step, "publish", undefined),
              },
            ],
          });
          const run = lab.experiment("raced", {
            control: (index: number) => settleAs(calls[index]!.control, step, `control ${index}`, index),
            candidate: (index: number) => settleAs(calls[index]!.candidate, step, `candidate ${index}`, index),
            order,
            limits: { timeoutMs: 50, maxInFlight, breakAfter, breakMs: 50 },
          });
          const answers = calls.map(async ({ control }, index) => {
            await step(`call ${index}`);
            const [ended] = await Promise.allSettled([run(index)]);
            expect(ended).toEqual(
              control === "returns" ?
                { status: "fulfilled", value: index }
              : { status: "rejected", reason: `control ${index}` },
            );
          });
          const others: Promise<unknown>[] = advancesMs.map(async (durationMs) => {
            await step(`time passes: ${durationMs} ms`);
            clock.advance(durationMs);
          });
          if (flushes) others.push(step("flush").then(() => void lab.flush({ timeoutMs: 10 })));
          if (closes) others.push(step("close").then(() => void lab.close({ timeoutMs: 10 })));
          await scheduler.waitFor(Promise.all([...answers, ...others]));
          await turn();
          await end(lab, clock);
          expect(broken).toEqual([]);
        },
      ),
      { numRuns: cases(150) },
    );
  });
});

/** Closes it, and looks whether anything is left over. */
async function end(lab: Laboratory, clock: ReturnType<typeof fixedClock>): Promise<void> {
  const closing = lab.close({ timeoutMs: 100 });
  let closed = false;
  void closing.then(() => (closed = true));
  while (!closed) await clock.advanceAsync(100);
  await closing;
  assertConserved(lab);
  const { publishers, experiments, candidatesInFlight } = lab.status();
  expect(publishers["scheduled"]).toMatchObject({ queued: 0 });
  expect(experiments["raced"]).toMatchObject({ inFlight: 0, candidatesInFlight: 0 });
  expect(candidatesInFlight).toBe(0);
}

async function settleAs<Value>(
  how: Settling,
  step: (label: string) => Promise<void>,
  label: string,
  value: Value,
): Promise<Value> {
  if (how === "never settles") return held<Value>().promise;
  await step(label);

  if (how === "rejects") throw label;
  return value;
}
