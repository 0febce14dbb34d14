import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as here from "../../../src/experiment/runtime/current-run.ts";
import { turn } from "../../proof/held.ts";

type Context = typeof here;

/** The module as a runtime without `node:async_hooks` has it. */
async function elsewhere(): Promise<Context> {
  vi.resetModules();
  const spied = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  const key = Symbol.for("sidelane.runs.1");
  const there = Object.getOwnPropertyDescriptor(globalThis, key)!;
  Reflect.deleteProperty(globalThis, key);
  try {
    return await import("../../../src/experiment/runtime/current-run.ts");
  } finally {
    Object.defineProperty(globalThis, key, there);
    spied.mockRestore();
  }
}

afterEach(() => {
  vi.resetModules();
});

const boom = new Error("boom");
const fail = (): never => {
  throw boom;
};

describe("a mark", () => {
  it("tells control from a candidate", () => {
    expect(new here.ControlMark("price")).toMatchObject({ experiment: "price", behavior: "control", role: "control" });
    expect(new here.Mark("price", "rules")).toMatchObject({ behavior: "rules", role: "candidate" });
  });

  it("of a control has a signal that is never aborted, and none to keep listeners for others", () => {
    const mark = new here.ControlMark("price");
    expect(mark.signal.aborted).toBe(false);
    expect(mark.signal).not.toBe(mark.signal);
  });

  it.each(["before", "after"])("aborts its one signal when the candidate times out: read %s", (when) => {
    const mark = new here.Mark("price", "rules");
    if (when === "before") expect(mark.signal.aborted).toBe(false);
    mark.timeOut();
    const { signal } = mark;
    expect(mark.signal).toBe(signal);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBeInstanceOf(DOMException);
    expect(signal.reason).toMatchObject({ name: "TimeoutError", message: "The candidate timed out" });
  });
});

describe.each([
  ["with `node:async_hooks`", async (): Promise<Context> => Promise.resolve(here)],
  ["without `node:async_hooks`", elsewhere],
])("the surroundings of a call %s", (_, load) => {
  it("are nothing, a control's, a candidate's, or a hook's, and what they were before afterwards", async () => {
    const { callAs, callQuietly, ControlMark, currentRun, Mark, surroundings } = await load();
    const control = new ControlMark("price");
    const candidate = new Mark("price", "rules");
    const now = (): unknown[] => [surroundings(), currentRun()];
    const as = (mark: here.CurrentRun, call: () => unknown): unknown => callAs(mark, false, call, undefined, []);
    expect(now()).toEqual([undefined, undefined]);
    expect(as(control, now)).toEqual([undefined, control]);
    expect(as(candidate, now)).toEqual(["nested", candidate]);
    expect(callQuietly(now, undefined, [])).toEqual(["detached", undefined]);
    expect(as(candidate, () => [callQuietly(now, undefined, []), as(control, now), now()])).toEqual([
      ["detached", undefined],
      [undefined, control],
      ["nested", candidate],
    ]);
    expect(() => as(candidate, fail)).toThrow(boom);
    expect(() => callQuietly(fail, undefined, [])).toThrow(boom);
    expect(now()).toEqual([undefined, undefined]);
  });

  it("hand `this`, arguments and the answer on", async () => {
    const { callAs, callQuietly, detachedAs, keepContext, Mark, quietly } = await load();
    const self = { shop: 1 };
    const call = function (this: unknown, ...args: unknown[]): unknown {
      return { this: this, args };
    };
    const given = { this: self, args: [1, 2] };
    const mark = new Mark("price", "rules");
    expect(callAs(mark, false, call, self, [1, 2])).toEqual(given);
    expect(callAs(mark, true, call, self, [1, 2])).toEqual(given);
    expect(callQuietly(call, self, [1, 2])).toEqual(given);
    expect(quietly(() => 7)).toBe(7);
    expect(detachedAs(true)(() => 8)).toBe(8);
    expect(detachedAs(false)(() => 8)).toBe(8);
    expect(keepContext()(() => 9)).toBe(9);
  });

  it.each([true, false])("are a hook's in what runs detached: through %s", async (through) => {
    const { callAs, currentRun, detachedAs, Mark, surroundings } = await load();
    const detached = detachedAs(through);
    const now = (): unknown[] => [surroundings(), currentRun()];
    const mark = new Mark("price", "rules");
    expect(detached(now)).toEqual(["detached", undefined]);
    expect(callAs(mark, true, () => detached(now), undefined, [])).toEqual(["detached", undefined]);
    expect(now()).toEqual([undefined, undefined]);
  });

  it("are a candidate's in the synchronous part, also where it is to hold through every `await`", async () => {
    const { callAs, currentRun, Mark } = await load();
    const mark = new Mark("price", "rules");
    expect(callAs(mark, true, currentRun, undefined, [])).toBe(mark);
    expect(currentRun()).toBeUndefined();
  });
});

describe("with `node:async_hooks`", () => {
  const { callAs, currentRun, detachedAs, keepContext, Mark, surroundings } = here;
  const mark = new Mark("price", "rules");
  const later = async (): Promise<unknown[]> => {
    await turn();
    return [surroundings(), currentRun()];
  };

  it("a candidate is known through every `await` where that is asked for, and only there", async () => {
    expect(await callAs(mark, true, later, undefined, [])).toEqual(["nested", mark]);
    expect(await callAs(mark, false, later, undefined, [])).toEqual([undefined, undefined]);
  });

  it.each([
    [true, "detached"],
    [false, undefined],
  ])(
    "what runs detached knows no request, and is so through every `await` if asked for: %s",
    async (through, around) => {
      const requests = new AsyncLocalStorage<string>();
      const seen = await requests.run("request", () =>
        detachedAs(through)(async () => [requests.getStore(), ...(await later()), requests.getStore()]),
      );
      expect(seen).toEqual([undefined, around, undefined, undefined]);
    },
  );

  it("a context that is kept is entered again later", async () => {
    const requests = new AsyncLocalStorage<string>();
    const inContext = requests.run("request", keepContext);
    await turn();
    expect(inContext(() => requests.getStore())).toBe("request");
    expect(requests.getStore()).toBeUndefined();
  });
});

describe("a runtime", () => {
  /** The module as a runtime whose storage, or whose way to it, is another has it. */
  async function loadedWith(getBuiltinModule: () => unknown): Promise<Context> {
    vi.resetModules();
    const key = Symbol.for("sidelane.runs.1");
    const there = Object.getOwnPropertyDescriptor(globalThis, key)!;
    Reflect.deleteProperty(globalThis, key);
    const spied = vi.spyOn(process, "getBuiltinModule").mockImplementation(getBuiltinModule as never);
    try {
      return await import("../../../src/experiment/runtime/current-run.ts");
    } finally {
      Object.defineProperty(globalThis, key, there);
      spied.mockRestore();
    }
  }

  class RunOnly {
    readonly #storage = new AsyncLocalStorage<unknown>();
    run(store: unknown, call: () => unknown): unknown {
      return this.#storage.run(store, call);
    }
    getStore(): unknown {
      return this.#storage.getStore();
    }
    enterWith(): never {
      throw new Error("workerd has no enterWith");
    }
    static snapshot(): never {
      throw new Error("this runtime has no snapshot");
    }
  }

  it("whose storage cannot be entered knows a candidate through every `await`, and nothing of it afterwards", async () => {
    const { callAs, currentRun, keepContext, Mark, surroundings } = await loadedWith(() => ({
      AsyncLocalStorage: RunOnly,
    }));
    const mark = new Mark("price", "rules");
    const later = async (): Promise<unknown> => {
      await turn();
      return currentRun();
    };
    expect(await callAs(mark, true, later, undefined, [])).toBe(mark);
    expect(() => callAs(mark, true, fail, undefined, [])).toThrow(boom);
    expect([surroundings(), currentRun()]).toEqual([undefined, undefined]);
    expect(keepContext()(() => 9)).toBe(9);
  });

  it.each([
    ["refuses the module", fail],
    ["has another module of that name", () => ({})],
  ])("that %s knows the synchronous part", async (_, getBuiltinModule) => {
    const { callAs, currentRun, Mark } = await loadedWith(getBuiltinModule);
    const mark = new Mark("price", "rules");
    expect(callAs(mark, true, currentRun, undefined, [])).toBe(mark);
    expect(currentRun()).toBeUndefined();
  });

  it("with two copies of the package knows in both what runs", async () => {
    vi.resetModules();
    const other = await import("../../../src/experiment/runtime/current-run.ts");
    expect(other.callAs).not.toBe(here.callAs);
    const mark = new here.Mark("price", "rules");
    const seen = await (here.callAs(
      mark,
      true,
      async () => {
        const atOnce = [other.surroundings(), other.currentRun()];
        await turn();
        return [...atOnce, other.surroundings(), other.currentRun()];
      },
      undefined,
      [],
    ) as Promise<unknown[]>);
    expect(seen).toEqual(["nested", mark, "nested", mark]);
    expect(here.callQuietly(other.surroundings, undefined, [])).toBe("detached");
  });
});
