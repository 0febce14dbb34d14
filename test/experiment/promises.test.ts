import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";

// What property tests cannot make up: promises and functions of other makes, and what a host hears of them.

const unhandled: unknown[] = [];
const remember = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", remember);
});
afterEach(() => {
  process.off("unhandledRejection", remember);
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Runs a query each time that somebody waits for it, as query builders do. */
function lazyQuery(): { readonly query: PromiseLike<number>; readonly runs: () => number } {
  let runs = 0;
  const query = {
    then(resolve: (rows: number) => void): void {
      runs += 1;
      resolve(runs);
    },
  } as PromiseLike<number>;
  return { query, runs: () => runs };
}

class Cancellable<Value> extends Promise<Value> {
  cancel(): string {
    return "cancelled";
  }
}

describe("what control returns", () => {
  it("is handed back as it is where it is a promise of a function that only calls itself asynchronous", async () => {
    const lab = new Laboratory();
    const masked = Object.setPrototypeOf(
      () => Object.assign(Promise.resolve(1), { cancel: () => "cancelled" }),
      Object.getPrototypeOf(async () => Promise.resolve()) as object,
    ) as () => Promise<number> & { cancel(): string };
    for (const [name, control] of Object.entries({ masked })) {
      const given: Promise<number>[] = [];
      const call = lab.experiment(name, {
        control: () => (given.push(control()), given[0]!),
        candidate: () => control(),
      });
      expect(call()).toBe(given[0]);
      await turns();
      expect(lab.status().experiments[name]!.inconclusive).toBe(1);
    }
    expect(lab.experiment("itself", { control: masked, candidate: masked })().cancel()).toBe("cancelled");
  });

  it("is compared where it is a plain promise of another realm, and stays one", async () => {
    const lab = new Laboratory();
    const foreign = runInNewContext("(async () => 1)") as () => Promise<number>;
    const realm = lab.experiment("realm", { control: foreign, candidate: foreign })();
    expect(Object.getPrototypeOf(realm)).not.toBe(Promise.prototype);
    expect(await realm).toBe(1);
    await turns();
    expect(lab.status().experiments["realm"]!.matched).toBe(1);
  });

  it("is compared with what the candidate's own `then` tells, which runs inside the candidate", async () => {
    const lab = new Laboratory();
    let inner = 0;
    const nested = lab.experiment("nested", { control: () => 1, candidate: () => (inner += 1) });
    class Query extends Promise<number> {
      static override get [Symbol.species](): PromiseConstructor {
        return Promise;
      }
      override then(...handlers: never[]): never {
        return Promise.resolve()
          .then(nested)
          .then(...handlers) as never;
      }
    }
    const lazy = { then: (resolve: (value: number) => void) => resolve(nested()) } as PromiseLike<number>;
    for (const make of [() => new Query(() => undefined) as PromiseLike<number>, () => lazy]) {
      await lab.experiment("query", { control: async () => 1, candidate: make, replace: true })();
      await turns();
      expect(lab.status().experiments["query"]!.matched).toBe(1);
    }
    expect(inner).toBe(0);
  });

  it.each(["control-first", "deferred"] as const)("is not run early where it is lazy, nor twice: %s", async (order) => {
    const lab = new Laboratory();
    const control = lazyQuery();
    const candidate = lazyQuery();
    const call = lab.experiment("lazy", {
      control: () => control.query,
      candidate: () => candidate.query,
      order,
    });
    const given = call();
    expect(given).toBe(control.query);
    await turns();
    expect(control.runs()).toBe(0);
    expect(await given).toBe(1);
    expect(control.runs()).toBe(1);
    expect(candidate.runs()).toBe(1);
    expect(lab.status().experiments["lazy"]!.inconclusive).toBe(1);
  });

  it.each([
    ["a promise with a method of its own", () => Object.assign(Promise.reject(new Error("lost")), { cancel: () => 1 })],
    ["a promise of a class of its own", () => Cancellable.reject(new Error("lost"))],
  ])("is handed back where it is %s, and the host hears of its rejection", async (_, make) => {
    const given = make();
    const lab = new Laboratory();
    expect(lab.experiment("own", { control: () => given, candidate: () => Promise.resolve(1) as never })()).toBe(given);
    await turns();
    expect(unhandled.map((error) => (error as Error).message)).toEqual(["lost"]);
  });
});

describe("a wrapped class", () => {
  class Point {
    static readonly dimensions = 1;
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }
  const wrapped = (): typeof Point => {
    const made: unknown = new Laboratory().experiment("Point", {
      control: Point as never,
      candidate: () => 1,
    });
    return made as typeof Point;
  };

  it("makes instances of its control, and can be extended", () => {
    const Wrapped = wrapped();
    class Named extends Wrapped {
      readonly label = "origin";
    }
    expect([Wrapped.name, Wrapped.length, Wrapped.dimensions]).toEqual(["Point", 1, 1]);
    expect(new Wrapped(3)).toBeInstanceOf(Point);
    expect(new Wrapped(3).x).toBe(3);
    expect(new Named(4)).toMatchObject({ x: 4, label: "origin" });
  });

  it("throws what control throws without `new`", () => {
    expect(() => (wrapped() as unknown as () => void)()).toThrow("cannot be invoked without 'new'");
  });
});

it("what cannot be called with `new` cannot be when it is wrapped", () => {
  const arrow = new Laboratory().experiment("arrow", { control: () => 1, candidate: () => 1 });
  expect("prototype" in arrow).toBe(false);
  expect(() => new (arrow as unknown as new () => unknown)()).toThrow(TypeError);
});
