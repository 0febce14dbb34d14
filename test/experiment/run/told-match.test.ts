import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { Result } from "../../../src/model/result.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { held, turn } from "../../proof/held.ts";

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

  it.each(["resolves before", "resolves after"])(
    "whose candidate %s its laboratory is closed is told as any other",
    async (when) => {
      const [fast, other] = await Promise.all(
        [{}, { beforeRun: () => undefined }].map(async (hooks) => {
          const told: Result[] = [];
          const clock = fixedClock();
          const lab = new Laboratory({ clock, publishers: [(result) => void told.push(result)] });
          const late = held<Data>();
          const call = lab.experiment("told", {
            control: async () => ({ id: 1 }),
            candidate: () => late.promise,
            ...hooks,
          });
          await call();
          if (when === "resolves before") late.resolve({ id: 1 });
          await turn();
          const closed = lab.close({ timeoutMs: 10 });
          clock.advance(20);
          await closed;
          late.resolve({ id: 1 });
          await turn();
          const { matched, started, inFlight, candidates } = lab.status().experiments["told"]!;
          return { told: told.length, matched, started, inFlight, candidates };
        }),
      );
      expect(fast).toEqual(other);
      expect(fast).toMatchObject({ told: 1, matched: when === "resolves before" ? 1 : 0, inFlight: 0 });
    },
  );

  it("takes no more bytes than may wait, and is counted where it is dropped for that", async () => {
    let told = 0;
    const lab = new Laboratory({
      limits: { maxBytes: 1_000_000 },
      publishers: [{ name: "all", publish: () => void (told += 1) }],
      onFault: () => undefined,
    });
    // Of 1 000 calls in one turn, each with a value of 10 KB for either side.
    const call = lab.experiment<() => unknown>("told", {
      control: () => "x".repeat(5_000),
      candidate: () => "x".repeat(5_000),
    });
    let most = 0;
    for (let calls = 0; calls < 1_000; calls++) {
      call();
      most = Math.max(most, lab.status().memory.waitingBytes);
    }
    expect(most).toBeGreaterThan(400_000);
    expect(most).toBeLessThan(600_000);
    await lab.flush();
    const dropped = Object.values(lab.status().publishers["all"]!.dropped).reduce((sum, count) => sum + count, 0);
    expect(dropped).toBeGreaterThan(500);
    expect(told + dropped).toBe(1_000);
    expect(lab.status().experiments["told"]).toMatchObject({ matched: 1_000 });
    await lab.close();
  });

  it("does not wait where nobody asks for it, in either order of its sides", async () => {
    const lab = new Laboratory({
      publishers: [{ name: "mismatches", kinds: ["mismatch"], publish: () => undefined }],
      limits: { maxInFlight: 5_000 },
    });
    const text = (): string => "x".repeat(500);
    const sync = lab.experiment<() => unknown>("sync", { control: text, candidate: text });
    const limits = { maxInFlight: 5_000 };
    const async = lab.experiment<() => unknown>("async", { control: async () => text(), candidate: async () => text(), limits }); // prettier-ignore
    const answers: unknown[] = [];
    // Of so many, more than the 64 that are not measured have the candidate called first.
    for (let calls = 0; calls < 4_000; calls++) sync();
    for (let calls = 0; calls < 30; calls++) {
      for (let more = 0; more < 50; more++) answers.push(async());
      await Promise.all(answers.splice(0));
    }
    expect(lab.status().memory.waitingBytes).toBe(0);
    await lab.settled();
    const { sync: one, async: other } = lab.status().experiments;
    expect([one!.matched, other!.matched]).toEqual([4_000, 1_500]);
    await lab.close();
  });
});
