import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { ComparisonCall } from "../../../src/experiment/reported/comparison-call.ts";
import type { Outcome } from "../../../src/model/observation.ts";
import type { FellBack } from "../../../src/model/result.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { cases } from "../../cases.ts";
import { assertConserved } from "../../proof/conservation.ts";
import { turn } from "../../proof/held.ts";
import { residualsOf } from "../../proof/residuals.ts";

const outcome = fc.constantFrom<Outcome>(
  { kind: "returned", value: { id: 1 } },
  { kind: "returned", value: { id: 2 } },
  { kind: "threw", error: "no" },
  { kind: "timed-out", afterMs: 5 },
  { kind: "none" } as never,
);

/** What may be said of one call, in any order, and any number of times. */
type Word = (call: ComparisonCall) => void;
const word = fc.oneof(
  fc.tuple(outcome, fc.constantFrom(undefined, 3, -1)).map(
    ([told, ms]): Word =>
      (call) =>
        call.control(told, ms),
  ),
  fc.tuple(outcome, fc.constantFrom(undefined, 3, NaN)).map(
    ([told, ms]): Word =>
      (call) =>
        call.candidate(told, ms),
  ),
  fc.constantFrom<FellBack>("slow", "threw", "mismatch").map(
    (reason): Word =>
      (call) =>
        call.fellBack(reason),
  ),
  fc.constant<Word>((call) => call.abandon("enough")),
  fc.constant<Word>((call) => call.as("candidate", () => undefined)),
  fc.constant<Word>((call) => expect(call.signal).toBeInstanceOf(AbortSignal)),
);

const options = fc.record({
  rollout: fc.constantFrom("shadow", "live", "complete", { serve: 0.5 }, { serve: 1, compare: 0.5 } as const),
  maxInFlight: fc.integer({ min: 1, max: 4 }),
  breakAfter: fc.integer({ min: 1, max: 3 }),
  prepares: fc.constantFrom("not", "at once", "later", "never", "throws"),
  advancesMs: fc.array(fc.constantFrom(1, 49, 51, 1_051), { maxLength: 4 }),
  closes: fc.boolean(),
});

function prepare(how: string): (value: unknown) => unknown {
  switch (how) {
    case "later":
      return (value) => Promise.resolve(value);
    case "never":
      return () => new Promise(() => {});
    case "throws":
      return () => {
        throw new Error("no");
      };
    default:
      return (value) => value;
  }
}

describe("in whatever order the ends of a call, its deadline and the laboratory's end come", () => {
  it("it ends once, nothing throws, and everything is accounted for at every step", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(word, { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
        options,
        async (scheduler, calls, { rollout, maxInFlight, breakAfter, prepares, advancesMs, closes }) => {
          const clock = fixedClock();
          let ended = 0;
          const lab = new Laboratory({ clock, publishers: [{ name: "counts", publish: () => void (ended += 1) }] });
          const comparison = lab.comparison("raced", {
            rollout: rollout as never,
            limits: { timeoutMs: 50, maxInFlight, breakAfter, breakMs: 20 },
            afterRun: () => undefined,
            ...(prepares !== "not" && { prepareComparable: prepare(prepares) }),
          } as object);
          const broken: object[] = [];
          const step = async (label: string): Promise<void> => {
            await scheduler.schedule(Promise.resolve(), label);
            const residuals = residualsOf(lab.status());
            if (Object.keys(residuals).length > 0) broken.push({ label, residuals });
          };
          const said = calls.map(async (words, index) => {
            await step(`call ${index} begins`);
            const call = comparison.begin({ key: index });
            for (const [place, say] of words.entries()) {
              await step(`call ${index}, word ${place}`);
              say(call);
            }
          });
          const others = advancesMs.map(async (durationMs) => {
            await step(`time passes: ${durationMs} ms`);
            await turn();
            clock.advance(durationMs);
          });
          const closing = closes ? step("close").then(() => void lab.close({ timeoutMs: 10 })) : undefined;
          await scheduler.waitFor(Promise.all([...said, ...others, closing]));
          // Every deadline there is: of calls, of candidates' last words, of preparations, of failures that wait for control.
          for (let each = 0; each < 4; each++) {
            await turn();
            clock.advance(1_100);
          }
          const end = lab.close({ timeoutMs: 100 });
          await clock.advanceAsync(100);
          await end;
          await turn();
          expect(broken).toEqual([]);
          assertConserved(lab);
          const {
            started,
            inFlight,
            candidatesInFlight,
            served,
            fellBack,
            calls: begun,
          } = lab.status().experiments["raced"]!;
          expect(inFlight).toBe(0);
          // What prepares for ever keeps its place until it is written off, or the laboratory closes.
          expect(candidatesInFlight).toBe(0);
          if (!closes) expect(ended).toBe(started);
          expect(served + fellBack).toBeLessThanOrEqual(begun);
        },
      ),
      { numRuns: cases(200) },
    );
  }, 120_000);
});
