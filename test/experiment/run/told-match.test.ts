import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { Result } from "../../../src/model/result.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

interface Data {
  readonly id: number;
}

/** A side that takes so long, and then returns, or resolves with, a value of its own. */
type Side = () => Data | Promise<Data>;

/** What two experiments publish of the same call: a fast one, and one that a hook keeps from being fast. */
async function both(make: (clock: FixedClock) => { control: Side; candidate: Side }, more: object = {}) {
  const published: Result[][] = [];
  for (const hooks of [{}, { beforeRun: () => undefined }]) {
    const clock = fixedClock();
    const told: Result[] = [];
    const lab = new Laboratory({
      clock,
      random: () => 0.5,
      context: { shop: 2 },
      labels: { build: "b7" },
      publishers: [(result) => void told.push(result)],
      onFault: () => undefined,
    });
    const call = lab.experiment<() => unknown>("told", { ...make(clock), ...hooks, ...more });
    for (let calls = 0; calls < 3; calls++) {
      clock.advance(100);
      await call();
      await lab.settled();
    }
    await lab.close();
    published.push(told.map((result) => ({ ...result, id: "" })));
  }
  return published as [Result[], Result[]];
}

const sync = (clock: FixedClock, ms: number) => (): Data => {
  clock.advance(ms);
  return { id: 1 };
};
const later = (clock: FixedClock, ms: number, turns: number) => async (): Promise<Data> => {
  clock.advance(ms);
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  clock.advance(ms);
  return { id: 1 };
};

describe("a match of a fast call, as a publisher gets it", () => {
  it.each([
    ["of sides that answer at once", (clock: FixedClock) => ({ control: sync(clock, 3), candidate: sync(clock, 5) })],
    ["whose candidate resolves last", (clock: FixedClock) => ({ control: later(clock, 3, 1), candidate: later(clock, 5, 7) })], // prettier-ignore
    ["whose control resolves last", (clock: FixedClock) => ({ control: later(clock, 3, 9), candidate: later(clock, 5, 1) })], // prettier-ignore
  ])("%s, is what any other call's is", async (_, make) => {
    const [fast, other] = await both(make);
    expect(fast).toHaveLength(3);
    expect(fast).toStrictEqual(other);
    const [{ control, candidates }] = fast as [Result];
    expect(control.durationMs).toBeGreaterThan(0);
    expect(candidates[0].durationMs).toBeGreaterThan(0);
  });

  it("is frozen, and no publisher's to change", async () => {
    const [[result]] = (await both((clock) => ({ control: sync(clock, 1), candidate: sync(clock, 1) }))) as [Result[], unknown]; // prettier-ignore
    const { control, candidates, context } = result!;
    for (const part of [control, control.outcome, candidates, candidates[0], candidates[0].outcome, context]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(result).toMatchObject({ kind: "match", served: "control", context: { shop: 2 }, build: "b7" });
  });

  it.each([
    ["cleaned", (value: Data) => ({ cleaned: value.id })],
    ["omitted", () => { throw new Error("cannot"); }], // prettier-ignore
  ])("is %s where that is asked for", async (evidence, clean) => {
    const [fast, other] = await both((clock) => ({ control: sync(clock, 1), candidate: later(clock, 1, 1) }), { clean }); // prettier-ignore
    expect(fast).toStrictEqual(other);
    const [same] = await both((clock) => ({ control: sync(clock, 1), candidate: sync(clock, 1) }), { clean });
    expect(same[0]).toMatchObject({ kind: "match", control: { evidence }, candidates: [{ evidence }] });
  });
});
