import { describe, expect, it, vi } from "vitest";
import { compare } from "../../../src/compare/compare.ts";

class Money {
  #cents: number;

  constructor(cents: number) {
    this.#cents = cents;
  }

  get cents(): number {
    return this.#cents;
  }
}

class Price extends Money {}

class Other {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

const boom = (): never => {
  throw new Error("boom");
};

describe("what reads a class", () => {
  it("is asked for its instances alone", () => {
    const read = vi.fn((money: Money) => money.cents);
    expect(compare(new Money(1), new Other(1), { classes: [[Money, read]] }).kind).not.toBe("match");
    expect(compare(new Money(1), { cents: 1 }, { classes: [[Money, read]], ignorePrototype: true }).kind).not.toBe(
      "match",
    );
    expect(read).not.toHaveBeenCalled();
    expect(compare(new Price(1), new Money(1), { classes: [[Money, read]], ignorePrototype: true }).kind).toBe("match");
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("ends the comparison where it throws, for either side", () => {
    for (const side of [0, 1]) {
      const read = (money: Money): number => (money.cents === side ? boom() : 5);
      expect(compare(new Money(0), new Money(1), { classes: [[Money, read]] })).toMatchObject({
        kind: "inconclusive",
        reason: "`classes` threw",
      });
    }
  });
});

describe("what stands for a value", () => {
  it("is not handed to its `at` once more, and keeps the tolerance of its path", () => {
    const at = vi.fn((money: unknown) => money);
    const rules = {
      classes: [[Money, (money: Money) => money.cents]] as const,
      at: { "$.price": at },
      tolerance: { "$.price": 2 },
    };
    expect(compare({ price: new Money(5) }, { price: new Money(7) }, rules).kind).toBe("match");
    expect(compare({ price: new Money(5) }, { price: new Money(8) }, rules)).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.price", kind: "value", control: 5, candidate: 8 }],
    });
    expect(at.mock.calls.every(([given]) => given instanceof Money)).toBe(true);
  });

  it("is asked for where elements are paired, beside other rules of the same path", () => {
    const rules = {
      unordered: [{ path: "$", by: "id" }],
      at: { "$[*]": ({ code }: { code: string }) => ({ id: code.toLowerCase() }) },
      tolerance: { "$[*]": 1 },
    };
    expect(compare([{ code: "A" }, { code: "B" }], [{ code: "b" }, { code: "a" }], rules).kind).toBe("match");
    expect(compare([{ code: "A" }, {}], [{ code: "b" }, { code: "a" }], rules)).toMatchObject({
      kind: "inconclusive",
      reason: "`at` threw",
    });
  });
});

describe("what pairs elements", () => {
  it("gets nothing for a hole", () => {
    const by = vi.fn((element: unknown) => typeof element);
    const [control, candidate] = [new Array<number>(2), new Array<number>(2)];
    control[1] = candidate[0] = 1;
    expect(compare(control, candidate, { unordered: [{ path: "$", by }] }).kind).toBe("match");
    expect(new Set(by.mock.calls.map(([element]) => element))).toEqual(new Set([undefined, 1]));
  });

  it("is no key of a text, a number or nothing", () => {
    const rules = { unordered: [{ path: "$", by: "length" }] };
    expect(compare(["one", "two", null, 3], [3, null, "two", "one"], rules).kind).toBe("match");
    // By their lengths two texts would be one pair that differs.
    expect(compare(["one"], ["two"], rules).kind).toBe("mismatch");
  });
});

describe("a user's function", () => {
  it.each([
    ["a number", () => 1],
    ["nothing", () => undefined],
    ["null", () => null],
    ["an object", () => ({})],
    ["the value itself, though it has a `then`", (value: unknown) => value],
  ])("may return %s", (_, at) => {
    const then = (): void => undefined;
    expect(compare({ a: { then } }, { a: { then } }, { at: { "$.a": at } }).kind).toBe("match");
  });

  it("returns no promise", () => {
    const at = (): Promise<number> => Promise.reject(new Error("unseen"));
    expect(compare({ a: 1 }, { a: 2 }, { at: { "$.a": at } })).toMatchObject({
      kind: "inconclusive",
      reason: "`at` returned a promise; it has to say at once what is compared",
    });
  });
});
