import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SidelaneError } from "../../../src/model/errors.ts";
import type { Result } from "../../../src/model/result.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { snapshotOf } from "../../../src/rollout/snapshot.ts";
import { gates } from "../../../src/stats/gates.ts";
import { sample, seeded } from "../../stats/sample.ts";
import { call, testHost, type TestHost } from "../host.ts";
import { switchable } from "../switchable.ts";

const minute = 60_000;
const quick: RampOptions = { gates: [gates.mismatches(0.01)], onReady: "advance", minimumTimeMs: minute };

function bound(options: RampOptions = {}): { ramp: Ramp; host: TestHost } {
  const made = ramp({ ...quick, ...options });
  const host = testHost();
  made.bind!("price", host);
  return { ramp: made, host };
}

/** Ten calls a second, each by another customer, until `done` or so many calls. */
function drive(
  { ramp: driven, host }: { ramp: Ramp; host: TestHost },
  calls: number,
  isBad: (call: number) => boolean = () => false,
  done: () => boolean = () => false,
): number {
  for (let index = 0; index < calls; index++) {
    if (done()) return index;
    call(driven, host, { key: `customer-${host.called}`, isBad: isBad(index) });
    host.clock.advance(100);
  }
  return calls;
}

describe("a ramp", () => {
  it("brings a good candidate to live, step by step, and never to complete", () => {
    const rollout = bound();
    drive(rollout, 40_000);
    expect(rollout.host.events.filter(({ kind }) => kind === "advanced").map(({ to }) => to.share)).toEqual([
      0.01, 0.05, 0.1, 0.25, 0.5, 1,
    ]);
    expect(rollout.ramp.current()).toMatchObject({ stage: "live", share: 1, compare: 1 });
    expect(rollout.host.events.at(-1)).toMatchObject({ kind: "ready", by: "ramp" });
    expect(rollout.host.faults).toEqual([]);
  });

  it("takes each step on evidence of that step alone, and not before its minimum time", () => {
    const rollout = bound();
    drive(rollout, 40_000);
    const advances = rollout.host.events.filter(({ kind }) => kind === "advanced");
    let before = Date.UTC(2026, 0, 1);
    for (const { at } of advances) {
      expect(at - before).toBeGreaterThanOrEqual(minute);
      // 521 units certify 1 %, at ten a second; some more until the next look.
      expect(at - before).toBeGreaterThanOrEqual(52_100);
      before = at;
    }
  });

  it("only tells when it is ready, unless it was asked to advance", () => {
    const rollout = bound({ onReady: "notify" });
    drive(rollout, 5_000);
    expect(rollout.host.events.map(({ kind }) => kind)).toEqual(["ready"]);
    expect(rollout.ramp.current().stage).toBe("shadow");
    expect(rollout.ramp.verdict().kind).toBe("ready");
  });

  it("rolls back a regression of 1 % that appears at 25 %, within the promised number of calls", () => {
    // Promised at a tolerated 0.1 % after a long good past: a median of 950, with a tail of some thousands.
    const delays = [1, 2, 3, 4, 5, 6, 7].map((seed) => {
      const random = seeded(seed);
      const rollout = bound({ gates: [gates.mismatches(0.001)] });
      drive(rollout, 100_000, undefined, () => rollout.ramp.current().share === 0.25);
      const delay = drive(
        rollout,
        20_000,
        () => random() < 0.01,
        () => rollout.ramp.current().share === 0,
      );
      expect(rollout.ramp.current()).toMatchObject({ stage: "shadow", share: 0 });
      expect(rollout.host.events.at(-1)).toMatchObject({ kind: "rolled-back", by: "ramp", from: { share: 0.25 } });
      expect(rollout.host.events.at(-1)!.reason).toMatch(/mismatch alarms/);
      return delay;
    });
    delays.sort((a, b) => a - b);
    expect(delays[3]).toBeLessThan(950 * 1.5);
    expect(delays[6]).toBeLessThan(4_000);
  });

  it("is latched after a rollback, however good what follows is, until a person clears it", async () => {
    const rollout = bound();
    drive(rollout, 10_000, undefined, () => rollout.ramp.current().share === 0.05);
    drive(rollout, 50, () => true);
    expect(rollout.ramp.status().state.mode).toBe("rolled-back");
    drive(rollout, 10_000);
    expect(rollout.ramp.current()).toMatchObject({ stage: "shadow", share: 0 });
    await expect(rollout.ramp.advance({ by: "Ada" })).rejects.toMatchObject({ code: "invalid-state" });
    await rollout.ramp.clear({ by: "Ada", reason: "fixed in 1.2.3" });
    expect(rollout.ramp.verdict()).toMatchObject({ kind: "insufficient", missing: "no-traffic" });
    drive(rollout, 1_000);
    expect(rollout.ramp.current().stage).toBe("ramp");
    expect(rollout.ramp.status().state.history.find(({ by }) => by === "Ada")).toMatchObject({
      reason: "fixed in 1.2.3",
    });
  });

  it("rolls back a candidate that always times out within ten calls", () => {
    const { ramp: rolling, host } = bound();
    const epoch = rolling.current().epoch;
    let calls = 0;
    while (rolling.current().epoch === epoch && ++calls < 50) {
      rolling.record!(sample({ kind: "timed-out", at: host.clock.now(), epoch }));
    }
    expect(calls).toBeLessThanOrEqual(10);
    expect(host.events.map(({ kind }) => kind)).toEqual(["rolled-back"]);
  });

  it("rolls back a candidate that is much slower, when it was told to look at that", () => {
    const rollout = bound({ gates: [gates.slower({ warmUp: { calls: 0, ms: 0 } })] });
    for (let index = 0; index < 1_000; index++) call(rollout.ramp, rollout.host, { key: `k${index}`, slow: true });
    expect(rollout.host.events[0]!.reason).toMatch(/slower-than alarms/);
  });

  it("takes no evidence from calls that began before the last change", () => {
    const { ramp: rolling, host } = bound();
    const before = rolling.current().epoch;
    void rolling.advance({ by: "Ada" });
    for (let index = 0; index < 1_000; index++) {
      rolling.record!(sample({ kind: "mismatch", at: host.clock.now(), epoch: before }));
    }
    expect(rolling.current().stage).toBe("ramp");
    expect(rolling.verdict()).toMatchObject({ units: 0 });
  });

  it("stops at a pause and goes on afterwards", async () => {
    const rollout = bound();
    await rollout.ramp.pause({ by: "Ada" });
    drive(rollout, 5_000);
    expect(rollout.ramp.current().stage).toBe("shadow");
    await rollout.ramp.resume({ by: "Ada" });
    drive(rollout, 1_000);
    expect(rollout.ramp.current().stage).toBe("ramp");
  });

  it("keeps its evidence over a pause, and not over what changes what runs", async () => {
    const { ramp: rolling, host } = bound({ onReady: "notify" });
    drive({ ramp: rolling, host }, 1_000);
    const { comparisons } = rolling.verdict();
    await rolling.pause({ by: "Ada" });
    await rolling.resume({ by: "Ada" });
    expect(rolling.verdict()).toMatchObject({ kind: "ready", comparisons });
    drive({ ramp: rolling, host }, 100);
    expect(rolling.verdict().comparisons).toBe(comparisons + 100);
    await rolling.advance({ by: "Ada" });
    expect(rolling.verdict().units).toBe(0);
    drive({ ramp: rolling, host }, 100);
    await rolling.rollback({ by: "Ada", reason: "to see" });
    drive({ ramp: rolling, host }, 100);
    await rolling.clear({ by: "Ada" });
    expect(rolling.verdict().units).toBe(0);
  });

  it("is completed by a person, after it has been live for a day", async () => {
    const rollout = bound({ steps: [] });
    drive(rollout, 5_000);
    expect(rollout.ramp.current().stage).toBe("live");
    await expect(rollout.ramp.complete({ by: "Ada" })).rejects.toThrow(/live for \d+ s more/);
    rollout.host.clock.advance(24 * 60 * minute);
    await rollout.ramp.complete({ by: "Ada" });
    expect(rollout.ramp.current()).toMatchObject({ stage: "complete", share: 1, compare: 0 });
    expect(rollout.host.events.at(-1)).toMatchObject({ kind: "completed", by: "Ada" });
    await rollout.ramp.stepBack({ by: "Ada", reason: "too early" });
    expect(rollout.ramp.current().stage).toBe("live");
  });

  it("tells once when the experiment is not called at all", () => {
    const { host } = bound();
    host.clock.advance(60 * minute);
    expect(host.events).toEqual([expect.objectContaining({ kind: "no-traffic", reason: "Not called for 600 s." })]);
  });

  it("tells that it is stalled when calls come and the candidate is never compared, again after each silence", () => {
    const rollout = bound();
    const { host } = rollout;
    for (let tick = 0; tick < 20; tick++) {
      host.called += 5;
      host.clock.advance(minute);
    }
    expect(host.events.map(({ kind }) => kind)).toEqual(["stalled"]);
    expect(rollout.ramp.verdict()).toMatchObject({ kind: "insufficient", missing: "no-traffic" });
    drive(rollout, 10);
    host.clock.advance(20 * minute);
    expect(host.events.map(({ kind }) => kind)).toEqual(["stalled", "no-traffic"]);
  });

  it("carries who is answered where both differ, for the experiment that serves", () => {
    expect(ramp().onMismatch).toBeUndefined();
    expect(ramp({ onMismatch: "control" }).onMismatch).toBe("control");
  });

  it("contains a gate and a listener that throw, and goes on", () => {
    const broken = gates.custom({
      name: "broken",
      max: 0.1,
      of() {
        throw new Error("gate");
      },
    });
    const rollout = bound({ gates: [broken, gates.mismatches(0.01)] });
    rollout.ramp.on(() => {
      throw new Error("listener");
    });
    rollout.ramp.record!(sample({ epoch: 1, result: () => ({}) as Result }));
    void rollout.ramp.pause({ by: "Ada" });
    expect(rollout.host.faults.map(({ operation }) => operation)).toEqual(["gate", "listener"]);
    expect(rollout.host.events.map(({ kind }) => kind)).toEqual(["paused"]);
  });

  it("stops telling a listener that has gone", async () => {
    const { ramp: rolling } = bound();
    const kinds: string[] = [];
    const stop = rolling.on(({ kind }) => kinds.push(kind));
    await rolling.pause({ by: "Ada" });
    stop();
    await rolling.resume({ by: "Ada" });
    expect(kinds).toEqual(["paused"]);
  });

  it("leaves no timer behind when it is closed", async () => {
    const { ramp: rolling, host } = bound();
    expect(host.clock.pending).toBe(1);
    await rolling.close!();
    expect(host.clock.pending).toBe(0);
  });

  it("belongs to one experiment, which may be defined again", () => {
    const { ramp: rolling, host } = bound();
    rolling.bind!("price", host);
    expect(host.clock.pending).toBe(1);
    expect(() => rolling.bind!("stock", host)).toThrow(SidelaneError);
  });

  it("never takes a step without ready evidence of the present epoch, whatever comes", async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant("calls" as const),
          count: fc.nat(900),
          rate: fc.constantFrom(0, 0, 0, 0.002, 0.3),
        }),
        fc.record({ kind: fc.constantFrom("pause", "resume", "rollback", "clear", "advance", "stepBack") }),
      ),
      { maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), async (plan, seed) => {
        const random = seeded(seed);
        const rollout = bound({ minimumTimeMs: 0 });
        let lastEpoch = 1;
        rollout.ramp.on((event) => {
          expect(event.to.stage).not.toBe("complete");
          if (event.kind !== "ready") expect(event.to.epoch).toBe(lastEpoch + 1);
          else {
            // Told while its evidence still stands.
            const verdict = rollout.ramp.verdict();
            expect(verdict.kind).toBe("ready");
            expect(verdict.units).toBeGreaterThanOrEqual(521);
          }
          if (event.kind === "advanced" && event.by === "ramp") expect(readyEpoch).toBe(lastEpoch);
          if (event.kind === "ready") readyEpoch = event.to.epoch;
          else lastEpoch = event.to.epoch;
        });
        let readyEpoch = 0;
        for (const step of plan) {
          if (step.kind === "calls") drive(rollout, step.count, () => random() < step.rate);
          else {
            const asked = step.kind;
            await rollout.ramp[asked]({ by: "Ada", reason: "to try it" }).catch((error: unknown) => {
              expect(error).toMatchObject({ code: "invalid-state" });
            });
          }
        }
        expect(rollout.host.faults).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a ramp under a source", () => {
  it("runs the lesser of what the source allows and the evidence grants", () => {
    const source = switchable();
    const rollout = bound({ source });
    source.set(snapshotOf("ramp", 0.05));
    drive(rollout, 40_000);
    expect(rollout.ramp.current()).toMatchObject({ stage: "ramp", share: 0.05 });
    // One step beyond what is allowed is granted; what is not run gives no evidence for the next.
    expect(rollout.ramp.status()).toMatchObject({ state: { share: 0.1 }, limitedBySource: true });
    source.set(snapshotOf("off"));
    expect(rollout.ramp.current()).toMatchObject({ stage: "off", share: 0, compare: 0 });
    expect(rollout.host.events.at(-1)).toMatchObject({ kind: "rolled-back", by: "source" });
  });

  it("compares no more calls than the source allows, or than it was told itself", () => {
    const source = switchable();
    const rollout = bound({ source, compare: 0.5 });
    const compares = (next: ReturnType<typeof snapshotOf>): number => {
      source.set(next);
      return rollout.ramp.current().compare;
    };
    expect(compares(snapshotOf("live", 1, 0, 0.2))).toBe(0.2);
    expect(compares(snapshotOf("shadow", 0, 0, 0.8))).toBe(0.5);
    expect(compares(snapshotOf("complete"))).toBe(0.5);
    expect(compares(snapshotOf("off"))).toBe(0);
  });

  it("starts its evidence and its epoch afresh when the source changes what runs", () => {
    const source = switchable();
    const rollout = bound({ source });
    drive(rollout, 300);
    const { epoch } = rollout.ramp.current();
    source.set(snapshotOf("off"));
    source.set(snapshotOf("live"));
    expect(rollout.ramp.current().epoch).toBe(epoch + 2);
    expect(rollout.ramp.verdict().units).toBe(0);
  });

  it("keeps the last known good when the source throws", () => {
    const source = switchable();
    const rollout = bound({ source });
    source.set(snapshotOf("ramp", 0.01));
    drive(rollout, 3_000);
    const { current } = source;
    Object.assign(source, {
      current() {
        throw new Error("down");
      },
    });
    source.set(snapshotOf("live"));
    expect(rollout.ramp.current()).toMatchObject({ stage: "ramp", share: 0.01 });
    expect(rollout.host.faults.map(({ operation }) => operation)).toContain("source");
    Object.assign(source, { current });
  });
});

describe("a ramp's options", () => {
  it.each([
    [{ steps: [0.1, 0.05] }, /`steps\[1\]` to be a share between 0.1 and 1/],
    [{ steps: [0.1, 0.1] }, /`steps\[1\]`/],
    [{ steps: [0] }, /`steps\[0\]`/],
    [{ steps: [1] }, /`live` follows by itself/],
    [{ steps: [NaN] }, /got NaN/],
    [{ steps: "0.1" }, /expected `steps` to be a list of shares/],
    [{ steps: ["0.1"] }, /`steps\[0\]` to be a share between 0 and 1, since steps rise, got "0.1"/],
    [{ steps: [{ share: "0.1" }] }, /`steps\[0\].share`/],
    [{ steps: [null] }, /`steps\[0\]` to be a share between 0 and 1, since steps rise, got null/],
    [{ steps: [undefined] }, /`steps\[0\]` to be a share/],
    [{ gates: [] }, /`gates`/],
    [{ gates: [{ name: "a", penalty: () => 0 }] }, /`gates\[0\].max`.*got undefined/],
    [{ onReady: "go" }, /one of "notify", "advance"/],
    [{ start: "live" }, /one of "off", "shadow"/],
    [{ minimumTimeMs: -1 }, /`minimumTimeMs`/],
    [{ minimumUnits: 0.5 }, /`minimumUnits` to be a whole number/],
    [{ risk: 0 }, /`risk`/],
    [{ compare: 1.5 }, /`compare`/],
    [{ quietAfterMs: 0 }, /`quietAfterMs`/],
    [{ checkEveryMs: 1 }, /`checkEveryMs`/],
    [{ store: {} }, /`store.sync` to be a function/],
    [{ source: { current: () => snapshotOf("off") } }, /`source.onChange`/],
    [{ onMismatch: "candidate" }, /`onMismatch`.*one of "serve", "control"/],
    [{ candidate: "rules" }, /`candidate`/],
    [{ minimumTime: 1 }, /did you mean `minimumTimeMs`/],
    [null, /`options` to be an object/],
  ])("are refused as %j", (options, message) => {
    expect(() => ramp(options as never)).toThrow(
      expect.objectContaining({ code: "invalid-option", message: expect.stringMatching(message) }),
    );
  });

  it("may be left out, or be undefined", () => {
    expect(ramp().status().state.steps).toEqual([0.01, 0.05, 0.1, 0.25, 0.5]);
    expect(ramp({ steps: undefined } as never).current()).toMatchObject({ stage: "shadow", share: 0, epoch: 1 });
  });
});
