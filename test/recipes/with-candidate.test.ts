import { describe, expect, it } from "vitest";
import { Laboratory, memoryPublisher } from "../../src/index.ts";
import { withCandidate } from "../../src/recipes/index.ts";

function laboratory() {
  const seen = memoryPublisher();
  const lab = new Laboratory({ publishers: [seen] });
  return { lab, kinds: () => seen.results.map(({ experiment, kind }) => `${experiment} ${kind}`) };
}

describe("a method with a candidate", () => {
  it("by the standard decorator is called with the `this` of each call, private members included", async () => {
    const { lab, kinds } = laboratory();
    // The syntax is in examples/decorated-method.ts; here it is what a compiler makes of it.
    class Prices {
      readonly #net: number;

      constructor(net: number) {
        this.#net = net;
      }

      gross(rate: number): number {
        return this.#net * (1 + rate);
      }

      grossByParts(rate: number): number {
        return this.#net + this.#net * rate;
      }
    }
    const decorate = withCandidate(lab, {
      candidate(this: Prices, rate: number) {
        return this.grossByParts(rate);
      },
      compare: { tolerance: 1e-9 },
    });
    Prices.prototype.gross = decorate(Prices.prototype.gross, { kind: "method", name: "gross" });
    expect(new Prices(10).gross(0.2)).toBe(12);
    expect(new Prices(20).gross(0.2)).toBe(24);
    await lab.settled();
    expect(kinds()).toEqual(["gross match", "gross match"]);
  });

  it("by `experimentalDecorators` is replaced in its descriptor, under the names of class and method", async () => {
    const { lab, kinds } = laboratory();
    class Prices {
      readonly net: number = 10;
      async gross(rate: number): Promise<number> {
        return this.net * (1 + rate);
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Prices.prototype, "gross")!;
    const decorate = withCandidate(lab, {
      async candidate(this: Prices, rate: number) {
        return this.net * rate;
      },
    });
    decorate(Prices.prototype, "gross", descriptor);
    Object.defineProperty(Prices.prototype, "gross", descriptor);
    expect(await new Prices().gross(0.5)).toBe(15);
    await lab.settled();
    expect(kinds()).toEqual(["Prices.gross mismatch"]);
  });

  it("is refused where it is no method", () => {
    const { lab } = laboratory();
    const decorate = withCandidate(lab, { candidate: () => 1 });
    expect(() => decorate({}, "field", { value: 1 })).toThrow("expected `method` to be a method, got 1");
  });
});
