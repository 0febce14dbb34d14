import { describe, expect, it } from "vitest";
import { Laboratory, type LaboratoryOptions, type Result } from "../../../src/index.ts";
import { fixedClock } from "../../../src/testing/index.ts";
import { held } from "../../proof/held.ts";

function laboratory(options: LaboratoryOptions = {}) {
  const results: Result[] = [];
  const publishers = [{ name: "seen", publish: (result: Result) => void results.push(result) }];
  const lab = new Laboratory({ clock: fixedClock(), publishers, ...options });
  return { lab, results, status: (name = "price") => lab.status().experiments[name]! };
}

describe("what a definition says or leaves open", () => {
  it("compares every call where `enabled` says so, and where it says nothing", () => {
    const { lab, status } = laboratory();
    lab.experiment("price", { control: () => 1, candidate: () => 1, enabled: true })();
    lab.experiment("open", { control: () => 1, candidate: () => 1 })();
    expect(status()).toMatchObject({ matched: 1, skips: {}, faults: {} });
    expect(status("open")).toMatchObject({ matched: 1, skips: {}, faults: {} });
  });

  it.each([
    ["a copy of", {}, "captured", { total: 1 }],
    ["the very", { capture: false }, "live", { total: 2 }],
  ] as const)("keeps %s value that may change before it is compared", async (_, options, evidence, value) => {
    const { lab, results } = laboratory();
    const late = held<{ total: number }>();
    const given = { total: 1 };
    const price = lab.experiment("price", { control: async () => given, candidate: () => late.promise, ...options });
    await price();
    given.total = 2;
    late.resolve({ total: 3 });
    await lab.settled();
    await lab.flush();
    expect(results[0]!.control).toMatchObject({ evidence, outcome: { value } });
  });

  it("asks a function that compares, also of values that are equal", async () => {
    const { lab, status } = laboratory();
    const asked: unknown[] = [];
    const compare = (...values: unknown[]): boolean => (asked.push(values), false);
    const price = lab.experiment("price", { control: () => 1, candidate: () => 1, compare });
    price();
    expect(asked).toEqual([[1, 1]]);
    await lab.settled();
    expect(status()).toMatchObject({ matched: 0, mismatched: 1 });
  });

  it("keeps 1 000 items of a stream where it says nothing of items", async () => {
    const { lab, status } = laboratory();
    const items = (length: number) => () => Array.from({ length }, (_, index) => index)[Symbol.iterator]();
    for (const [name, stream] of Object.entries({ price: true as const, bytes: { maxBytes: 1e9 } })) {
      for (const length of [1_000, 1_001]) {
        const call = lab.experiment(name, { control: items(length), candidate: items(length), stream, replace: true });
        expect([...call()]).toHaveLength(length);
        await lab.settled();
        expect(status(name)).toMatchObject(length === 1_000 ? { matched: 1 } : { inconclusive: 1 });
      }
    }
  });

  it("keeps a megabyte of a stream where it says nothing of bytes", async () => {
    const { lab, status } = laboratory();
    const item = (length: number) => () => ["x".repeat(length)][Symbol.iterator]();
    for (const [name, stream] of Object.entries({ price: true as const, items: { maxItems: 5 } })) {
      // An item takes 16 bytes beyond its own.
      for (const length of [1_048_560, 1_048_561]) {
        const call = lab.experiment(name, { control: item(length), candidate: item(length), stream, replace: true });
        expect([...call()][0]).toHaveLength(length);
        await lab.settled();
        expect(status(name)).toMatchObject(length === 1_048_560 ? { matched: 1 } : { inconclusive: 1 });
      }
    }
  });

  it("answers with a promise, even at the first call, only for a control that is known to give one", async () => {
    const { lab } = laboratory();
    const live = (control: () => unknown): unknown =>
      lab.experiment("price", {
        control,
        candidate: () => 1,
        compare: {},
        key: () => "Ada",
        rollout: "live",
        replace: true,
      })();
    const hostile = Object.defineProperty(() => 1, Symbol.toStringTag, {
      get: () => {
        throw new Error("refused");
      },
    });
    expect(live(() => 1)).toBe(1);
    expect(live(hostile)).toBe(1);
    const answer = live(async () => 1);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(1);
    await lab.settled();
  });

  it("draws the examples of a kind of mismatch with the laboratory's own numbers", async () => {
    const examplesWith = async (random: () => number): Promise<string[]> => {
      const { lab, results, status } = laboratory({ random });
      const price = lab.experiment("price", { control: () => 1, candidate: () => 2 });
      for (let call = 0; call < 10; call++) price();
      await lab.settled();
      await lab.flush();
      const ids = results.map(({ id }) => id);
      return status().groups[0]!.examples.map(({ id }) => String(ids.indexOf(id)));
    };
    expect(await examplesWith(() => 0.999)).toEqual(["0", "1", "2"]);
    expect(await examplesWith(() => 0)).toContain("9");
  });
});
