import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import type { Comparison } from "../../src/model/comparison.ts";
import { compare } from "../../src/compare/index.ts";
import { bound } from "./bound.ts";

// In full: FUZZ_RUNS=1000000 npx vitest run test/compare/planted.test.ts
const runs = Number(process.env["FUZZ_RUNS"] ?? 10_000);
// Time is no part of these claims.
const limits = { timeMs: Infinity };

class Point {
  constructor(at: unknown) {
    Object.assign(this, { at });
  }
}
class Account {
  readonly id = 1;
  readonly #balance: unknown;
  constructor(balance: unknown) {
    this.#balance = balance;
  }
  get balance(): unknown {
    return this.#balance;
  }
}
class Money {
  readonly #cents: unknown;
  constructor(cents: unknown) {
    this.#cents = cents;
  }
  toJSON(): unknown {
    return { cents: this.#cents };
  }
}
class Sealed {
  readonly id = 1;
  readonly #secret: unknown;
  constructor(secret: unknown) {
    this.#secret = secret;
  }
  holds(secret: unknown): boolean {
    return this.#secret === secret;
  }
}
class Label extends Map<string, unknown> {}
class Stamp extends Date {}
class Failure extends Error {}

const foreign = runInNewContext(
  `({ object: (at) => ({ at }), list: (at) => [0, at], map: (at) => new Map([["at", at]]), error: (at) => Object.assign(new TypeError("a"), { at }) })`,
) as Record<"object" | "list" | "map" | "error", (part: unknown) => object>;

/** What can hold a part, and the step that leads to it. The sides make it in two ways, where both are the same data. */
interface Holder {
  readonly step: string;
  readonly make: (part: unknown) => object;
  readonly makeOther?: (part: unknown) => object;
}

const holders: Readonly<Record<string, Holder>> = {
  object: { step: ".at", make: (at) => ({ at, b: 1 }), makeOther: (at) => ({ b: 1, at }) },
  list: { step: "[1]", make: (at) => [0, at], makeOther: (at) => new Proxy([0, at], {}) },
  map: { step: '[key "at"]', make: (at) => new Map([["at", at], ["b", 1]]), makeOther: (at) => bound(new Map([["b", 1], ["at", at]])) }, // prettier-ignore
  "an instance": { step: ".at", make: (at) => new Point(at), makeOther: (at) => new Proxy(new Point(at), {}) },
  "private state with an accessor": { step: ".balance", make: (at) => new Account(at) },
  "private state with toJSON": { step: ".cents", make: (at) => new Money(at) },
  "a subclass of Map": { step: '[key "at"]', make: (at) => new Label([["at", at]]) },
  "a field of a subclass of Map": { step: ".note", make: (note) => Object.assign(new Label(), { note }) },
  "a field of a subclass of Date": { step: ".zone", make: (zone) => Object.assign(new Stamp(0), { zone }) },
  "data on an error": { step: ".at", make: (at) => Object.assign(new Failure("a"), { at }) },
  "a cause": { step: ".cause", make: (cause) => new Failure("a", { cause }) },
  "an object of another realm": { step: ".at", make: foreign.object, makeOther: (at) => ({ at }) },
  "a list of another realm": { step: "[1]", make: foreign.list, makeOther: (at) => [0, at] },
  "a Map of another realm": { step: '[key "at"]', make: foreign.map, makeOther: (at) => new Map([["at", at]]) },
  "an error of another realm": {
    step: ".at",
    make: foreign.error,
    makeOther: (at) => Object.assign(new TypeError("a"), { at }),
  },
  "a null prototype": { step: ".at", make: (at) => Object.assign(Object.create(null) as object, { at }), makeOther: (at) => ({ at }) }, // prettier-ignore
};

const leaf = fc.constantFrom<unknown>(0, 1, NaN, "", "a", null, undefined, true, 1n);
const planted = fc.constantFrom<unknown>(2, "other", false, 7n);
const errors = ["data on an error", "a cause", "an error of another realm"];
const instances = ["an instance", "private state with an accessor"];
// Of what hangs on an error only data counts.
const chain = fc.array(fc.constantFrom(...Object.keys(holders)), { minLength: 1, maxLength: 5 }).filter((names) => {
  const error = names.findLastIndex((name) => errors.includes(name));
  return !names.slice(0, Math.max(0, error)).some((name) => instances.includes(name));
});

function sides(names: readonly string[], control: unknown, candidate: unknown): readonly [unknown, unknown, string] {
  let [ours, theirs, path] = [control, candidate, ""];
  for (const name of names) {
    const { step, make, makeOther = make } = holders[name]!;
    [ours, theirs, path] = [make(ours), makeOther(theirs), step + path];
  }
  return [ours, theirs, `$${path}`];
}

function pathsOf(answer: Comparison): readonly string[] {
  return answer.kind === "mismatch" ? answer.differences.map(({ path }) => path) : [answer.kind];
}

describe(
  "what is planted in classes, private state, other realms and proxies",
  { timeout: Math.max(60_000, runs * 5) },
  () => {
    it(`${runs} times is found at its path, and nothing else is`, () => {
      fc.assert(
        fc.property(chain, leaf, planted, (names, value, other) => {
          const [one, same] = sides(names, value, value);
          expect(pathsOf(compare(one, same, { limits }))).toEqual(["match"]);
          expect(pathsOf(compare(same, one, { limits }))).toEqual(["match"]);
          const [control, candidate, path] = sides(names, value, other);
          expect(pathsOf(compare(control, candidate, { limits }))).toEqual([path]);
          expect(pathsOf(compare(candidate, control, { limits }))).toEqual([path]);
        }),
        { numRuns: runs },
      );
    });

    it("is never a match where no key and no accessor shows it", () => {
      fc.assert(
        fc.property(chain, leaf, planted, (all, value, other) => {
          const names = all.filter((name) => !errors.includes(name));
          for (const secret of [value, other]) {
            const [control, candidate] = sides(names, new Sealed(value), new Sealed(secret));
            expect(compare(control, candidate, { limits }).kind).toBe("inconclusive");
          }
        }),
        { numRuns: Math.ceil(runs / 30) },
      );
    });

    it.each([
      ["control-first", false],
      ["deferred", false],
      ["control-first", true],
      ["deferred", true],
    ] as const)(
      "is found in experiments, %s and isolated: %s, whatever a caller does meanwhile",
      async (order, isolate) => {
        const laboratory = new Laboratory({ publishers: [] });
        type Pair = readonly [unknown, unknown];
        // By number: a copy of the arguments has no classes and no private state.
        const pairs: Pair[] = [];
        const define = (name: string): ((index: number) => Promise<unknown>) =>
          laboratory.experiment(name, {
            control: async (index: number) => pairs[index]![0],
            candidate: async (index) => {
              // Later than control, whose value is captured by then.
              await new Promise(setImmediate);
              return pairs[index]![1];
            },
            order,
            isolate,
            compare: { limits },
            limits: { callerMs: 60_000, timeoutMs: 60_000, cpuShare: 1 },
          });
        const [same, differing] = [define("same"), define("differing")];
        const cases = fc.sample(fc.tuple(chain, leaf, planted), { numRuns: 200, seed: 19 });
        for (const [names, value, other] of cases) {
          const [one, equal] = sides(names, value, value);
          const [control, candidate] = sides(names, value, other);
          pairs.push([one, equal], [control, candidate]);
          const answers = [same(pairs.length - 2), differing(pairs.length - 1)];
          await Promise.all(answers);
          // An instance with private fields has no copy.
          if (names.at(-1) === "object" && !names.includes("private state with an accessor")) {
            for (const changed of [one, control]) Object.assign(changed as object, { at: other });
          }
          await laboratory.settled();
        }
        await laboratory.close();
        const { experiments } = laboratory.status();
        expect(experiments["same"]).toMatchObject({ matched: cases.length, mismatched: 0, inconclusive: 0 });
        expect(experiments["differing"]).toMatchObject({ matched: 0, mismatched: cases.length, inconclusive: 0 });
        await laboratory.close();
      },
    );
  },
);
