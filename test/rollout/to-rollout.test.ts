import { describe, expect, it } from "vitest";
import { murmur3 } from "../../src/rollout/bucket.ts";
import { ramp } from "../../src/rollout/ramp/ramp.ts";
import { snapshotOf } from "../../src/rollout/snapshot.ts";
import type { RolloutSource } from "../../src/rollout/sources/source.ts";
import { fixedRollout, judges, rolloutOf, sourceRollout } from "../../src/rollout/to-rollout.ts";
import { testHost } from "./host.ts";
import { switchable } from "./switchable.ts";

describe("a rollout that never changes", () => {
  it("has what it was given, and nothing that it was not", () => {
    const all = { serve: 0.1, salt: "a", onMismatch: "control", graceMs: 5, unkeyed: "by-call" } as const;
    const given = fixedRollout(all);
    expect(given).toMatchObject({ onMismatch: "control", graceMs: 5, unkeyed: "by-call" });
    expect(given.bucket("price", "1")).toBe(murmur3("price:a:1"));
    for (const bare of [fixedRollout("live"), fixedRollout({ serve: 0.1 })]) {
      expect(bare.onMismatch).toBe("serve");
      expect(bare.bucket("price", "1")).toBe(murmur3("price::1"));
      for (const absent of ["graceMs", "unkeyed"]) expect(bare).not.toHaveProperty(absent);
    }
  });

  it("needs a key, or `unkeyed`, where it serves a share", () => {
    const definition = { keyed: false, build: undefined };
    expect(fixedRollout({ serve: 0.1 }).refuses!(definition)).toMatch(/beside a `rollout` that serves a share/);
    expect(fixedRollout({ serve: 0.1 }).refuses!({ ...definition, keyed: true })).toBeUndefined();
    expect(fixedRollout({ serve: 0.1, unkeyed: "by-call" }).refuses!(definition)).toBeUndefined();
    for (const setting of ["live", { serve: 1 }, { serve: 0 }] as const)
      expect(fixedRollout(setting).refuses!(definition)).toBeUndefined();
  });

  it("is refused under its own name", () => {
    expect(() => fixedRollout("half" as never)).toThrow(/^fixedRollout: expected `rollout`/);
    expect(() => rolloutOf("half" as never)).toThrow(/^rollout: expected `rollout`/);
  });
});

describe("a rollout that does what a source says", () => {
  it.each([
    ["a larger share", snapshotOf("ramp", 0.1), snapshotOf("ramp", 0.5), "advanced"],
    ["a smaller share", snapshotOf("ramp", 0.5), snapshotOf("ramp", 0.1), "rolled-back"],
    ["on", snapshotOf("off"), snapshotOf("shadow"), "advanced"],
    ["off", snapshotOf("shadow"), snapshotOf("off"), "rolled-back"],
    ["the end", snapshotOf("live"), snapshotOf("complete"), "advanced"],
    ["back from the end", snapshotOf("complete"), snapshotOf("live"), "rolled-back"],
  ])("tells of each step: %s", (_, first, next, kind) => {
    const source = switchable(first);
    const rollout = sourceRollout(source);
    const host = testHost();
    rollout.bind!("price", host);
    source.set(next);
    expect(rollout.current()).toEqual({ ...next, epoch: 2 });
    expect(host.events).toEqual([
      {
        ...{ kind, experiment: "price", at: host.clock.now(), by: "source", reason: "the source changed" },
        ...{ from: { ...first, epoch: 1 }, to: { ...next, epoch: 2 } },
      },
    ]);
    expect(rollout.bucket("price", "1")).toBe(murmur3("price::1"));
  });

  it("tells of no step where another share is compared", () => {
    const source = switchable(snapshotOf("ramp", 0.5));
    const rollout = sourceRollout(source);
    const host = testHost();
    rollout.bind!("price", host);
    source.set(snapshotOf("ramp", 0.5, 0, 0.2));
    expect(rollout.current()).toMatchObject({ compare: 0.2, epoch: 2 });
    expect(host.events).toEqual([]);
  });

  it("stays where it is while the source cannot be read, which is a fault", () => {
    let fails = false;
    const inner = switchable(snapshotOf("ramp", 0.5));
    const source: RolloutSource = {
      ...inner,
      current() {
        if (fails) throw new Error("down");
        return inner.current();
      },
    };
    const rollout = sourceRollout(source);
    const host = testHost();
    rollout.bind!("price", host);
    fails = true;
    inner.set(snapshotOf("off"));
    expect(rollout.current()).toMatchObject({ stage: "ramp", share: 0.5 });
    expect(host.events).toEqual([]);
    expect(host.faults).toEqual([{ operation: "source", error: new Error("down") }]);
  });

  it("follows it for one experiment at a time, until it is closed", () => {
    const source = switchable(snapshotOf("live"));
    let running = 0;
    const rollout = sourceRollout({
      ...source,
      start() {
        running++;
        return () => void running--;
      },
    });
    const [first, second] = [testHost(), testHost()];
    rollout.bind!("price", first);
    rollout.bind!("price", second);
    source.set(snapshotOf("off"));
    expect([first.events.length, second.events.length, running]).toEqual([0, 1, 1]);
    void rollout.close!();
    source.set(snapshotOf("live"));
    expect([second.events.length, running]).toEqual([1, 0]);
  });
});

describe("a rollout of one's own", () => {
  const own = { current: () => snapshotOf("live"), bucket: () => 0 };

  it.each([
    [{ bucket: 1 }, /^rollout: expected `rollout.bucket` to be a function/],
    [{ onMismatch: "both" }, /^rollout: expected `rollout.onMismatch` to be one of "serve", "control"/],
    [{ graceMs: -1 }, /^rollout: expected `rollout.graceMs` to be/],
    [{ unkeyed: true }, /^rollout: expected `rollout.unkeyed` to be/],
  ])("is refused with %o", (wrong, message) => {
    expect(() => rolloutOf({ ...own, ...wrong } as never)).toThrow(message);
  });

  it.each([{ onMismatch: "serve" }, { onMismatch: "control" }, { graceMs: 0 }, { unkeyed: "by-call" }])(
    "is taken with %o",
    (more) => {
      const option = { ...own, ...more } as never;
      expect(rolloutOf(option)).toBe(option);
    },
  );

  it("judges where it has a verdict", () => {
    expect(judges(ramp())).toBe(true);
    expect(judges(fixedRollout("live"))).toBe(false);
    expect(judges(undefined)).toBe(false);
    expect(judges({ ...own, verdict: "ready" } as never)).toBe(false);
  });
});
