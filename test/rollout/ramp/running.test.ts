import { describe, expect, it } from "vitest";
import { HeardAhead } from "../../../src/rollout/ramp/heard-ahead.ts";
import { grantedBy, runningOf } from "../../../src/rollout/ramp/running.ts";
import { snapshotOf } from "../../../src/rollout/snapshot.ts";
import type { GrantingState } from "../../../src/rollout/state.ts";

const latch = { at: 0, by: "Ada", reason: "wrong" };
const ramping: GrantingState = {
  ...{ stage: "ramp", share: 0.25, candidateVersion: "v2" },
  versions: [{ version: "v0", latch: { ...latch, off: true } }, { version: "v1", latch }, { version: "v2" }],
};

describe("what a state grants", () => {
  it.each([
    ["the present version its stage and share", ramping, "v2", { stage: "ramp", share: 0.25, compare: 0.5 }],
    ["as many comparisons as a person asked for", { ...ramping, compare: 0.1 }, "v2", { stage: "ramp", compare: 0.1 }],
    ["no comparison where a person wants none", { ...ramping, compare: 0 }, "v2", { stage: "ramp", compare: 0 }],
    ["another version shadow", ramping, "v3", { stage: "shadow", share: 0, compare: 0.5 }],
    ["a version that was rolled back shadow", ramping, "v1", { stage: "shadow", share: 0, compare: 0.5 }],
    ["one that was switched off nothing", ramping, "v0", { stage: "off", share: 0, compare: 0 }],
    ["none shadow", ramping, undefined, { stage: "shadow", share: 0 }],
    ["another program shadow", ramping, null, { stage: "shadow", share: 0 }],
    ["nothing to anybody once it is off", { ...ramping, stage: "off" }, "v3", { stage: "off", share: 0 }],
    [
      "everything to anybody once it is complete",
      { ...ramping, stage: "complete" },
      "v3",
      { stage: "complete", share: 1 },
    ],
    ["all calls to the present version in live", { ...ramping, stage: "live" }, "v2", { stage: "live", share: 1 }],
    ["another version shadow in live", { ...ramping, stage: "live" }, "v3", { stage: "shadow", share: 0 }],
    ["nothing before it is known", undefined, "v2", { stage: "off", share: 0 }],
  ] as const)("gives %s", (_, state, version, granted) => {
    expect(grantedBy(state, version, 0.5)).toMatchObject(granted);
  });
});

describe("what runs", () => {
  const granted = snapshotOf("ramp", 0.25);
  const source = (current: () => ReturnType<typeof snapshotOf>) => ({ current, onChange: () => () => undefined });
  const faults: unknown[] = [];
  const running = (of: Parameters<typeof runningOf>[1]) =>
    runningOf(granted, of, snapshotOf("ramp", 0.1), 7, (error) => faults.push(error));

  it("is what is granted, of the state's epoch", () => {
    expect(running(undefined)).toEqual({ snapshot: { ...granted, epoch: 7 }, limited: false });
    expect(running(source(() => snapshotOf("live")))).toMatchObject({ snapshot: { share: 0.25 }, limited: false });
    expect(Object.isFrozen(running(undefined).snapshot)).toBe(true);
  });

  it("is limited by a source in its stage and in its share, and not where that compares less", () => {
    expect(running(source(() => snapshotOf("shadow")))).toMatchObject({ snapshot: { stage: "shadow" }, limited: true });
    expect(running(source(() => snapshotOf("ramp", 0.2)))).toMatchObject({ snapshot: { share: 0.2 }, limited: true });
    const compares = snapshotOf("live", 1, 0, 0.5);
    expect(running(source(() => compares))).toMatchObject({ snapshot: { compare: 0.5 }, limited: false });
    // No share of a ramp, and yet another stage.
    expect(
      runningOf(
        snapshotOf("shadow"),
        source(() => snapshotOf("off")),
        granted,
        1,
        () => undefined,
      ).limited,
    ).toBe(true);
  });

  it("is what it was before where a source throws", () => {
    const error = new Error("no flag");
    const broken = source(() => {
      throw error;
    });
    expect(running(broken)).toMatchObject({ snapshot: { stage: "ramp", share: 0.1, epoch: 7 }, limited: true });
    expect(faults).toEqual([error]);
  });
});

describe("what is heard of before an exchange says it", () => {
  const present = snapshotOf("ramp", 0.25, 3);
  const [less, least, more] = [snapshotOf("ramp", 0.1), snapshotOf("shadow"), snapshotOf("live")];

  it("holds at once where the candidate does less by it, and never allows more", () => {
    const ahead = new HeardAhead();
    expect([ahead.isEmpty, ahead.under(present)]).toEqual([true, present]);
    expect(ahead.hear(more, present, 10)).toBe(false);
    expect(ahead.hear(present, present, 10)).toBe(false);
    expect(ahead.isEmpty).toBe(true);
    expect(ahead.hear(less, present, 10)).toBe(true);
    expect(ahead.under(present)).toEqual({ ...less, epoch: 0 });
    expect(ahead.hear(least, present, 11)).toBe(true);
    // Out of order: what was heard of before holds.
    expect(ahead.hear(less, present, 12)).toBe(false);
    expect(ahead.under(present)).toMatchObject({ stage: "shadow", share: 0, epoch: 0 });
    expect(ahead.isEmpty).toBe(false);
  });

  it("holds where less is compared alone", () => {
    const ahead = new HeardAhead();
    expect(ahead.hear(snapshotOf("ramp", 0.25, 0, 0.5), present, 10)).toBe(true);
    expect(ahead.under(present)).toMatchObject({ stage: "ramp", share: 0.25, compare: 0.5, epoch: 0 });
  });

  it("says nothing of what is complete", () => {
    const ahead = new HeardAhead();
    expect(ahead.hear(snapshotOf("off"), snapshotOf("complete"), 10)).toBe(false);
    ahead.hear(least, present, 10);
    const complete = snapshotOf("complete", 0, 3);
    expect(ahead.under(complete)).toBe(complete);
  });

  it("holds until an exchange that began at the same moment or later", () => {
    const ahead = new HeardAhead();
    ahead.hear(less, present, 10);
    ahead.confirmed(9);
    expect(ahead.isEmpty).toBe(false);
    ahead.confirmed(10);
    expect(ahead.isEmpty).toBe(true);
    // At the moment at which the clock begins, too.
    ahead.hear(less, present, 0);
    ahead.confirmed(0);
    expect(ahead.isEmpty).toBe(true);
  });
});
