import { Laboratory } from "../../../src/index.ts";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { currentRun, Mark } from "../../../src/experiment/runtime/current-run.ts";
import { derive } from "../../../src/experiment/runtime/native-promise.ts";
import { ignoreRejection, mayFollow, shapeOf, watch } from "../../../src/experiment/runtime/promises.ts";
import { turn } from "../../proof/held.ts";

const boom = new Error("boom");
const fail = (): never => {
  throw boom;
};

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

class Own<Value> extends Promise<Value> {}

const unhandled: unknown[] = [];
const remember = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", remember);
});
afterEach(() => {
  process.off("unhandledRejection", remember);
});

describe("what a behavior returns back is", () => {
  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "then"],
    ["an object", { value: 1 }],
    ["a function", () => undefined],
    ["an object whose `then` is no function", { then: true }],
    ["an object whose `then` cannot be read", Object.defineProperty({}, "then", { get: fail })],
    ["what nobody can read", revoked()],
    ["a boxed text", Object("text") as unknown],
  ])("a value: %s", (_, given) => {
    expect(shapeOf(given)).toBe("value");
    expect(mayFollow(given)).toBe(false);
  });

  it.each([
    ["one of an async function", (async () => 1)()],
    ["one of another realm", runInNewContext("Promise.resolve(1)") as unknown],
    ["one that async hooks have marked", Object.assign(Promise.resolve(1), { [Symbol("asyncId")]: 1 })],
  ])("a plain promise: %s", (_, given) => {
    expect(shapeOf(given)).toBe("promise");
    expect(mayFollow(given)).toBe(true);
  });

  it.each([
    ["a promise with a method", Object.assign(Promise.resolve(1), { cancel: () => undefined })],
    ["a promise with a hidden property", Object.defineProperty(Promise.resolve(1), "then", { value: () => undefined })],
    ["a promise of a class of its own", Own.resolve(1)],
    [
      "a promise of another realm with a `then` of its making",
      runInNewContext("Promise.prototype.then = () => 1; Promise.resolve(1)") as unknown,
    ],
    ["an object with a `then`", { then: fail }],
    ["a function with a `then`", Object.assign(() => undefined, { then: fail })],
  ])("a thenable, which is not run: %s", (_, given) => {
    expect(shapeOf(given)).toBe("thenable");
    expect(mayFollow(given)).toBe(true);
  });
});

describe("what is taken for a promise", () => {
  it("is no text or number, even where all of them have a `then`, as nobody could await one", () => {
    const primitives = [String.prototype, Number.prototype] as object[];
    for (const prototype of primitives) Object.defineProperty(prototype, "then", { value: fail, configurable: true });
    try {
      expect(["text", 5].map(shapeOf)).toEqual(["value", "value"]);
    } finally {
      for (const prototype of primitives) Reflect.deleteProperty(prototype, "then");
    }
  });

  it("is what says that it is one, in a runtime without `node:util`", async () => {
    vi.resetModules();
    const spied = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
    try {
      const elsewhere = await import("../../../src/experiment/runtime/promises.ts");
      const values = [Promise.resolve(1), Own.resolve(1), runInNewContext("Promise.resolve(1)"), {}, { then: fail }, 1];
      const shapes = ["promise", "thenable", "thenable", "value", "thenable", "value"];
      expect(values.map(elsewhere.shapeOf)).toEqual(shapes);
      const fooled = Object.defineProperty(Promise.resolve(1), "then", { value: undefined });
      expect(elsewhere.mayFollow(fooled)).toBe(true);
    } finally {
      spied.mockRestore();
      vi.resetModules();
    }
  });
});

describe("deriving a promise", () => {
  it("goes by what a promise is, not by what its `then` says", async () => {
    const given = Object.defineProperty(Promise.resolve(1), "then", { value: fail });
    expect(await derive(given, (value) => [value], fail)).toEqual([1]);
    expect(await derive(Promise.reject(boom), fail, (error) => [error])).toEqual([boom]);
  });
});

describe("watching", () => {
  async function told(given: unknown): Promise<unknown[]> {
    const ends: unknown[] = [];
    watch(
      given,
      (value) => ends.push(["returned", value]),
      (error) => ends.push(["threw", error]),
    );
    await turn();
    return ends;
  }

  it.each([
    ["a promise", () => Promise.resolve(1), ["returned", 1]],
    ["a promise that rejects", () => Promise.reject(boom), ["threw", boom]],
    ["a thenable", () => ({ then: (resolve: (value: number) => void) => resolve(2) }), ["returned", 2]],
    [
      "a thenable that rejects",
      () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(boom) }),
      ["threw", boom],
    ],
    ["a thenable that throws", () => ({ then: fail }), ["threw", boom]],
    [
      "a thenable that settles twice",
      () => ({
        then: (resolve: (value: number) => void, reject: (error: unknown) => void) => {
          resolve(3);
          reject(boom);
          fail();
        },
      }),
      ["returned", 3],
    ],
    [
      "a promise that lets nobody follow it",
      () => Object.defineProperty(Promise.resolve(1), "constructor", { get: fail }),
      ["threw", boom],
    ],
  ])("tells how %s ends, once", async (_, make, end) => {
    expect(await told(make())).toEqual([end]);
  });

  class Reply extends Promise<unknown> {
    readonly text: Promise<string>;
    static override get [Symbol.species](): PromiseConstructor {
      return Promise;
    }
    constructor(text: Promise<string>) {
      super((resolve) => resolve(null));
      this.text = text;
    }
    override then(...handlers: never[]): never {
      return this.text.then(JSON.parse).then(...handlers) as never;
    }
  }
  class Careless extends Promise<unknown> {
    override then(fulfilled: never): never {
      return super.then(fulfilled) as never;
    }
  }

  it.each([
    ["a promise whose own `then` says what it comes to", () => new Reply(Promise.resolve("[1]")), ["returned", [1]]],
    ["a promise whose own `then` rejects", () => new Reply(Promise.reject(boom)), ["threw", boom]],
    ["a promise of another realm", () => runInNewContext("Promise.resolve(1)") as unknown, ["returned", 1]],
    [
      "a thenable that resolves with one that resolves with a promise",
      () => ({ then: (one: (value: unknown) => void) => one({ then: (two: typeof one) => two(Promise.resolve(4)) }) }),
      ["returned", 4],
    ],
  ])("goes by its own methods: %s", async (_, make, end) => {
    expect(await told(make())).toEqual([end]);
    expect(unhandled).toEqual([]);
  });

  it("gives up on a thenable that resolves with itself, and does not hold the event loop", async () => {
    const endless = { then: (resolve: (value: unknown) => void) => resolve(Object.assign({}, endless)) };
    const [[kind, error]] = (await told(endless)) as [[string, Error]];
    expect([kind, error.message]).toEqual(["threw", "A thenable that resolves with another thenable, 100 times over"]);
  });

  it("gives up on one that resolves with its very self, also where it answers a caller", async () => {
    const self = { then: (resolve: (value: unknown) => void) => resolve(self) };
    const [[kind, error]] = (await told(self)) as [[string, Error]];
    expect([kind, error.message]).toEqual(["threw", "A thenable that resolves with itself"]);
    for (const rollout of ["live", { serve: 1, compare: 0 }] as const) {
      const lab = new Laboratory({ publishers: [] });
      const call = lab.experiment("x", { control: async () => 1, candidate: () => self as never, rollout });
      expect(await call()).toBe(1);
      await lab.close();
    }
  });

  it("hears nothing of one that never calls back, and the host nothing of one that forgets its rejection", async () => {
    expect(await told({ then: () => undefined })).toEqual([]);
    expect(await told(Careless.reject(boom))).toEqual([]);
    expect(await told({ then: () => Promise.reject(boom) })).toEqual([]);
    expect(unhandled).toEqual([]);
  });

  it("starts a thenable as the behavior that returned it, later than the call, and tells outside of it", async () => {
    const mark = new Mark("price", "rules");
    const seen: unknown[] = [];
    const lazy = {
      then: (resolve: (value: unknown) => void): void => {
        seen.push(currentRun());
        void turn().then(() => resolve(seen.push(currentRun())));
      },
    };
    watch(lazy, () => seen.push(currentRun()), fail, mark, true);
    expect(seen).toEqual([]);
    await turn();
    await turn();
    await turn();
    expect(seen).toEqual([mark, mark, undefined]);
  });

  it("runs a lazy thenable once", async () => {
    let runs = 0;
    const lazy = { then: (resolve: (value: number) => void) => resolve((runs += 1)) };
    expect(await told(lazy)).toEqual([["returned", 1]]);
    expect(runs).toBe(1);
  });
});

describe("a promise that nobody waits for", () => {
  it.each([
    ["a promise", () => Promise.reject(boom)],
    ["a promise of a class of its own", () => Own.reject(boom)],
    [
      "a thenable that hands on a rejection",
      () => ({ then: (resolve: (value: unknown) => void) => resolve(Promise.reject(boom)) }),
    ],
  ])("fails in silence: %s", async (_, make) => {
    ignoreRejection(make());
    await turn();
    expect(unhandled).toEqual([]);
  });

  it("is not looked for in values", () => {
    expect(() => ignoreRejection(revoked())).not.toThrow();
    expect(() => ignoreRejection(undefined)).not.toThrow();
  });
});
