import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { currentRun } from "../../../src/experiment/runtime/current-run.ts";
import type { Fault } from "../../../src/model/fault.ts";
import { memoryPublisher } from "../../../src/publishers/memory.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { held, turn } from "../../proof/held.ts";

let clock: FixedClock;
let faults: Fault[];
let seen: ReturnType<typeof memoryPublisher>;
let lab: Laboratory;

beforeEach(() => {
  clock = fixedClock();
  faults = [];
  seen = memoryPublisher();
  lab = new Laboratory({ clock, publishers: [seen], onFault: (fault) => faults.push(fault) });
});

afterEach(async () => {
  const closing = lab.close({ timeoutMs: 10 });
  await clock.advanceAsync(10);
  await closing;
});

const status = () => lab.status().experiments["api"]!;
const returned = <Value>(value: Value) => ({ kind: "returned", value }) as const;

describe("`prepareComparable`", () => {
  it("may return data with accessors, each of which is read twice at most", async () => {
    let reads = 0;
    const calls = lab.comparison<number>("api", {
      prepareComparable: (total) => ({
        rows: [1, 2].map((row) => ({
          nested: {
            get price() {
              reads += 1;
              return row;
            },
          },
        })),
        total,
      }),
      capture: false,
    });
    const call = calls.begin();
    call.control(returned(1));
    call.candidate(returned(2));
    await turn();
    await lab.settled();
    expect(status()).toMatchObject({ mismatched: 1 });
    // Two rows on both sides.
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(2 * 2 * 2);
  });

  it("turns what cannot be looked at into the data that is compared and published", async () => {
    const calls = lab.comparison<Response>("api", {
      prepareComparable: async (response) => ({ status: response.status, body: (await response.json()) as unknown }),
      compare: { ignore: ["$.body.at"] },
    });
    const answer = (total: number, status = 200): Response => Response.json({ total, at: total }, { status });
    for (const [control, candidate] of [
      [answer(1), answer(1)],
      [answer(1), answer(2)],
      [answer(1), answer(1, 500)],
    ] as const) {
      const call = calls.begin();
      call.control(returned(control), 5);
      call.candidate(returned(candidate), 7);
    }
    await lab.settled();
    await lab.flush();
    expect(status()).toMatchObject({ matched: 1, mismatched: 2, candidatesInFlight: 0, faults: {} });
    const { control, candidates } = seen.results.find(({ kind }) => kind === "mismatch")!;
    expect(control).toMatchObject({ durationMs: 5, evidence: "captured" });
    expect(control.outcome).toEqual(returned({ status: 200, body: { total: 1, at: 1 } }));
    expect(candidates[0]).toMatchObject({ durationMs: 7 });
  });

  it("is called in a later turn, for what returned alone, and detached from the request", async () => {
    const told: unknown[] = [];
    const calls = lab.comparison("api", {
      prepareComparable: (value, side) => {
        told.push([value, side, currentRun()?.behavior]);
        return value;
      },
    });
    const call = calls.begin();
    call.control(returned(1));
    call.candidate({ kind: "threw", error: "no" });
    expect(told).toEqual([]);
    expect(status()).toMatchObject({ inFlight: 1, candidatesInFlight: 1 });
    await lab.settled();
    expect(told).toEqual([[1, "control", "prepareComparable"]]);
    expect(status()).toMatchObject({ mismatched: 1, candidatesInFlight: 0 });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("unreadable");
      },
    ],
    ["rejects", () => Promise.reject(new Error("unreadable"))],
  ] as const)("that %s makes the call inconclusive, and is a counted fault", async (_, prepareComparable) => {
    const call = lab.comparison("api", { prepareComparable }).begin();
    call.control(returned(1));
    call.candidate(returned(1));
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]!.candidates[0].comparison).toMatchObject({
      kind: "inconclusive",
      reason: "`prepareComparable` threw",
      error: new Error("unreadable"),
    });
    expect(status()).toMatchObject({ inconclusive: 1, candidatesInFlight: 0, faults: { prepareComparable: 2 } });
  });

  it("that hangs is given up on, and keeps the call's place until it settles", async () => {
    const hanging = held<number>();
    const calls = lab.comparison("api", {
      prepareComparable: (_value: number, side) => (side === "control" ? 1 : hanging.promise),
      limits: { timeoutMs: 50 },
    });
    const call = calls.begin();
    call.control(returned(1));
    call.candidate(returned(1));
    await turn();
    clock.advance(50);
    await lab.settled();
    await lab.flush();
    expect(seen.results[0]!.candidates[0].comparison).toMatchObject({ reason: "`prepareComparable` timed out" });
    expect(status()).toMatchObject({ inconclusive: 1, inFlight: 0, candidatesInFlight: 1, stalled: 1 });
    hanging.resolve(1);
    await turn();
    expect(status()).toMatchObject({ candidatesInFlight: 0, stalled: 0 });
  });

  it("comes too late for a call that was abandoned", async () => {
    const pending = held<number>();
    const calls = lab.comparison("api", { prepareComparable: () => pending.promise, limits: { timeoutMs: 50 } });
    const call = calls.begin();
    call.control(returned(1));
    await turn();
    call.abandon();
    pending.resolve(1);
    await lab.settled();
    await turn();
    expect(status()).toMatchObject({ inconclusive: 1, inFlight: 0, candidatesInFlight: 0, faults: {} });
  });

  it("ends with its laboratory", async () => {
    const calls = lab.comparison("api", { prepareComparable: () => new Promise(() => {}) });
    const call = calls.begin();
    call.control(returned(1));
    call.candidate(returned(1));
    await turn();
    const closing = lab.close({ timeoutMs: 100 });
    await clock.advanceAsync(100);
    await closing;
    expect(status()).toMatchObject({ inconclusive: 1, inFlight: 0, candidatesInFlight: 0 });
  });
});

describe("`again`", () => {
  const noise = { controlIsReadOnly: true } as const;

  it("tells noise from regressions, on what is prepared", async () => {
    let number = 0;
    const calls = lab.comparison("api", { noise, prepareComparable: (value) => ({ value }) });
    for (let each = 0; each < 3; each++) {
      const call = calls.begin({ again: async () => returned(`control ${number++}`) });
      call.control(returned(`control ${number++}`));
      call.candidate(returned(`candidate ${number++}`));
    }
    await lab.settled();
    expect(status()).toMatchObject({ mismatched: 3, noise: { reruns: 3, skipped: 0, timedOut: 0 } });
    expect(status().noise!.paths).toMatchObject([{ name: "$.value", differed: 3, agreed: 0 }]);
  });

  it("is not asked where it is missing; what is no outcome, or timed out, tells nothing", async () => {
    const calls = lab.comparison("api", { noise });
    const again = [undefined, () => ({ kind: "timed-out", afterMs: 1 }) as const, () => 5 as never];
    for (const each of again) {
      const call = calls.begin({ again: each });
      call.control(returned(1));
      call.candidate(returned(2));
    }
    await lab.settled();
    expect(status()).toMatchObject({ noise: { reruns: 2, skipped: 1, timedOut: 2 }, faults: { report: 1 } });
    expect(faults[0]!.error).toMatchObject({ message: expect.stringContaining("`again` to tell an outcome, got 5") });
  });
});
