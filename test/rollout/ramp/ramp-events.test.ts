import { describe, expect, it } from "vitest";
import type { RolloutEvent } from "../../../src/model/rollout.ts";
import { RampEvents } from "../../../src/rollout/ramp/ramp-events.ts";
import { initialState, servedStage, type RolloutChange } from "../../../src/rollout/state.ts";
import { testHost } from "../host.ts";

const state = initialState([0.1], 0);
const versioned = initialState([0.1], 0, "shadow", "v2");
const change: RolloutChange = {
  ...{ kind: "paused", from: servedStage(state), to: servedStage(state), at: 5, by: "Ada", reason: "lunch" },
  ...{ id: "an-id", parent: "another", lost: "a-third" },
};
const plain = {
  kind: "paused",
  from: change.from,
  to: change.to,
  at: 5,
  by: "Ada",
  reason: "lunch",
  experiment: "price",
};

function toldOf(more: Partial<RolloutChange>, of = state): RolloutEvent {
  const host = testHost();
  new RampEvents().tellChange({ ...change, ...more }, of, "price", host);
  expect(host.events).toHaveLength(1);
  return host.events[0]!;
}

describe("an event of a change", () => {
  it("has what people see, and nothing of which states there were", () => {
    expect(toldOf({})).toStrictEqual(plain);
    expect(toldOf({ compare: 0 })).toStrictEqual({ ...plain, compare: 0 });
    expect(toldOf({ alarmed: true })).toStrictEqual({ ...plain, alarmed: true });
    expect(toldOf({ pauses: true })).toStrictEqual({ ...plain, pauses: true });
    expect(toldOf({}, versioned)).toStrictEqual({ ...plain, version: "v2" });
    expect(Object.isFrozen(toldOf({}))).toBe(true);
  });

  it("is told to listeners first, in their order, until they are taken off", () => {
    const events = new RampEvents();
    const order: string[] = [];
    const cancel = events.on(() => order.push("first"));
    events.on(() => order.push("second"));
    const host = { ...testHost(), onEvent: () => void order.push("laboratory") };
    events.tellChange(change, state, "price", host);
    cancel();
    events.tellChange(change, state, "price", host);
    expect(order).toEqual(["first", "second", "laboratory", "second", "laboratory"]);
  });

  it("reaches the others where a listener throws or rejects, which is a fault", async () => {
    const events = new RampEvents();
    const heard: RolloutEvent[] = [];
    events.on(() => {
      throw new Error("thrown");
    });
    events.on(() => Promise.reject(new Error("rejected")) as never);
    events.on((event) => void heard.push(event));
    const host = testHost();
    events.tellChange(change, state, "price", host);
    expect(heard).toEqual(host.events);
    await new Promise((resolve) => setImmediate(resolve));
    expect(host.faults.map(({ operation, error }) => [operation, String(error)])).toEqual([
      ["listener", "Error: thrown"],
      ["listener", "Error: rejected"],
    ]);
    // Before there is a laboratory, there is nobody to count it.
    expect(() => events.tellChange(change, state, "price")).not.toThrow();
  });
});
