import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { ComparisonCall } from "../../../src/experiment/reported/comparison-call.ts";
import type { Fault } from "../../../src/model/fault.ts";
import type { Outcome } from "../../../src/model/observation.ts";
import type { Rollout, RolloutSnapshot, Sample } from "../../../src/model/rollout.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

let clock: FixedClock;
let faults: Fault[];
let samples: Sample[];
let lab: Laboratory;

beforeEach(() => {
  clock = fixedClock();
  faults = [];
  samples = [];
  lab = new Laboratory({ clock, onFault: (fault) => faults.push(fault) });
});

afterEach(async () => {
  const closing = lab.close({ timeoutMs: 10 });
  await clock.advanceAsync(10);
  await closing;
});

const status = () => lab.status().experiments["moved"]!;
const returned: Outcome = { kind: "returned", value: 1 };
const threw: Outcome = { kind: "threw", error: new Error("no") };

/** Everything is the candidate's, and nothing is compared. */
function begin(stage: "live" | "complete" = "live", breakAfter = 20): () => ComparisonCall {
  const snapshot: RolloutSnapshot = { stage, share: 1, epoch: 3, compare: 0 };
  const rollout: Rollout = { current: () => snapshot, bucket: () => 0, record: (sample) => void samples.push(sample) };
  const calls = lab.comparison("moved", { rollout, limits: { timeoutMs: 50, breakAfter, breakMs: 10 } });
  return () => calls.begin({ key: "c-1" });
}

describe("a call that the candidate serves and that is not compared", () => {
  it("counts as served when the candidate returned", () => {
    const call = begin()();
    expect(call).toMatchObject({ serve: "candidate", compare: false, skipped: "sampled-out", epoch: 3 });
    expect(status()).toMatchObject({ candidatesInFlight: 1, started: 0 });
    call.candidate(returned, 8);
    expect(status()).toMatchObject({ calls: 1, served: 1, fellBack: 0, candidatesInFlight: 0, faults: {} });
    expect(samples).toMatchObject([
      { kind: "inconclusive", aboutControl: "absent", served: true, candidateMs: 8, candidateThrew: false, key: "c-1" },
    ]);
  });

  it.each([
    ["control returned", returned, true],
    ["control threw as well", threw, false],
  ] as const)("that fails has failed when %s", (_, control, failed) => {
    const call = begin("live", 1)();
    call.candidate(threw);
    call.fellBack("threw");
    expect(samples).toEqual([]);
    call.control(control);
    expect(samples).toMatchObject([{ candidateThrew: failed, fellBack: "threw" }]);
    expect(status()).toMatchObject({ served: 0, fellBack: 1, candidatesInFlight: 0, faults: {} });
    expect(status().candidates["candidate"]!.breaker).toBe(failed ? "open" : "closed");
  });

  it("that fails has failed when nothing is heard of control, too, unless its laboratory closes", async () => {
    const calls = begin();
    calls().candidate({ kind: "timed-out", afterMs: 5 });
    clock.advance(50);
    expect(samples).toMatchObject([{ candidateThrew: true, fellBack: "timed-out" }]);
    calls().candidate(threw);
    const closing = lab.close({ timeoutMs: 10 });
    await clock.advanceAsync(10);
    await closing;
    expect(samples).toHaveLength(1);
    expect(status()).toMatchObject({ candidatesInFlight: 0, faults: {} });
  });

  it("that fails and is then abandoned has failed", () => {
    const call = begin("live", 1)();
    call.candidate(threw);
    call.abandon("no control to be had");
    expect(samples).toMatchObject([{ candidateThrew: true }]);
    expect(status().candidates["candidate"]!.breaker).toBe("open");
    expect(status()).toMatchObject({ fellBack: 1, candidatesInFlight: 0, faults: {} });
  });

  it("that was slow is counted when the candidate returns after all", () => {
    const call = begin()();
    call.control(returned);
    call.fellBack("slow");
    call.candidate(returned);
    expect(status()).toMatchObject({ served: 0, fellBack: 1, candidatesInFlight: 0, faults: {} });
    expect(samples).toMatchObject([{ fellBack: "slow", candidateThrew: false }]);
  });

  it("that is forgotten is a counted fault, and no evidence", () => {
    const call = begin()();
    const { signal } = call;
    clock.advance(50);
    expect(signal.aborted).toBe(true);
    expect(samples).toEqual([]);
    expect(status()).toMatchObject({ served: 0, candidatesInFlight: 0, faults: { report: 1 } });
  });

  it("that is abandoned lets another call try the candidate", () => {
    const calls = begin("live", 1);
    const failing = calls();
    failing.candidate(threw);
    failing.control(returned);
    expect(calls()).toMatchObject({ serve: "control", skipped: "breaker-open" });
    clock.advance(10);
    calls().abandon("not now");
    const probe = calls();
    expect(probe.serve).toBe("candidate");
    probe.candidate(returned);
    expect(status().candidates["candidate"]!.breaker).toBe("closed");
    expect(faults).toEqual([]);
  });

  it("is the candidate's in `complete`, whatever that comes to", () => {
    const calls = begin("complete");
    calls().candidate(threw);
    calls().candidate(returned);
    calls();
    clock.advance(50);
    expect(status()).toMatchObject({
      served: 2,
      fellBack: 0,
      candidatesInFlight: 0,
      skips: { complete: 3 },
      faults: {},
    });
    expect(samples).toEqual([]);
  });
});
