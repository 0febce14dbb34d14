import { describe, expect, it } from "vitest";
import { Mark } from "../../../src/experiment/runtime/current-run.ts";
import { Collected } from "../../../src/experiment/streams/collected-items.ts";
import { Drain } from "../../../src/experiment/streams/drain.ts";
import { currentRun } from "../../../src/index.ts";
import { held, turn } from "../../proof/held.ts";

type Told = "alive" | "ended" | readonly ["failed", unknown];

function drained(stream: object, { maxItems = 1_000_000, mark = new Mark("stream", "candidate") } = {}) {
  const told: Told[] = [];
  const drain = new Drain(stream, new Collected({ maxItems, maxBytes: Infinity }), mark, false, {
    alive: () => void told.push("alive"),
    ended: () => void told.push("ended"),
    failed: (error) => void told.push(["failed", error]),
  });
  return { drain, told, items: drain.collected.items };
}

/** An iterator whose steps come when the test says so. */
function steered(parts: object = {}) {
  const steps: ReturnType<typeof held<unknown>>[] = [];
  let returned = 0;
  const stream = {
    [Symbol.asyncIterator]: () => stream,
    next: () => {
      const step = held<unknown>();
      steps.push(step);
      return step.promise;
    },
    return: (): unknown => void (returned += 1),
    ...parts,
  };
  return { stream, steps, returned: () => returned };
}

const boom = new Error("boom");
const fail = (): never => {
  throw boom;
};

describe("draining a stream", () => {
  it("takes what is allowed, and no more", () => {
    const { drain, items, told } = drained([1, 2, 3]);
    expect([items, told]).toEqual([[], []]);
    drain.allow(2);
    expect(items).toEqual([1, 2]);
    drain.allow(1);
    expect(items).toEqual([1, 2]);
    expect(told).toEqual(["alive", "alive", "alive", "alive"]);
    drain.allow(Infinity);
    expect(items).toEqual([1, 2, 3]);
    expect(told.at(-1)).toBe("ended");
    expect(told.filter((each) => each === "ended")).toHaveLength(1);
  });

  it("takes steps that are there at once without filling the stack", () => {
    const { drain, items, told } = drained(Array.from({ length: 100_000 }, (_, index) => index));
    drain.allow(Infinity);
    expect(items).toHaveLength(100_000);
    expect(told.at(-1)).toBe("ended");
  });

  it("waits for one step at a time, and says so when the wait begins and when an item has come", async () => {
    const { stream, steps } = steered();
    const { drain, items, told } = drained(stream);
    drain.allow(1);
    drain.allow(2);
    expect(steps).toHaveLength(1);
    expect(told).toEqual(["alive"]);
    steps[0]!.resolve({ value: "a" });
    await turn();
    expect(items).toEqual(["a"]);
    expect(steps).toHaveLength(2);
    expect(told).toEqual(["alive", "alive", "alive"]);
    steps[1]!.resolve({ done: true, value: "not an item" });
    await turn();
    expect(items).toEqual(["a"]);
    expect(told).toEqual(["alive", "alive", "alive", "ended"]);
    drain.allow(10);
    drain.cancel();
    expect(steps).toHaveLength(2);
  });

  it("iterates asynchronously where it can, else at once", async () => {
    const both = {
      [Symbol.asyncIterator]: () => [1, 2][Symbol.iterator](),
      [Symbol.iterator]: fail,
    };
    const { drain, items } = drained(both);
    drain.allow(Infinity);
    await turn();
    expect(items).toEqual([1, 2]);
  });

  it("reads what returns a reader where it cannot be iterated, and cancels the reader", async () => {
    const calls: string[] = [];
    const chunks = [{ value: 1 }, { value: 2 }, { value: 3 }];
    const reader = {
      read: () => (calls.push("read"), Promise.resolve(chunks.shift())),
      cancel: () => (calls.push("cancel"), Promise.resolve()),
    };
    const { drain, items } = drained({ getReader: () => reader });
    drain.allow(2);
    await turn();
    expect(items).toEqual([1, 2]);
    drain.cancel();
    expect(calls).toEqual(["read", "read", "cancel"]);
  });

  it("runs all of the candidate's code as the candidate", async () => {
    const mark = new Mark("stream", "rules");
    const seen: unknown[] = [];
    const see = (): void => void seen.push(currentRun());
    const iterator = { next: () => (see(), { value: 1 }), return: see };
    const { drain } = drained({ [Symbol.iterator]: () => (see(), iterator) }, { mark });
    drain.allow(1);
    drain.cancel();
    expect(seen).toEqual([mark, mark, mark]);
  });
});

describe("a stream that is left", () => {
  it("may clean up, once, and is not read any further", async () => {
    const { stream, steps, returned } = steered();
    const { drain, items, told } = drained(stream);
    drain.allow(5);
    drain.cancel();
    drain.cancel();
    expect(returned()).toBe(1);
    steps[0]!.resolve({ value: "late" });
    await turn();
    drain.allow(10);
    expect(steps).toHaveLength(1);
    expect(items).toEqual([]);
    expect(told).toEqual(["alive"]);
  });

  it("tells nobody of an error that comes later", async () => {
    const { stream, steps } = steered();
    const { drain, told } = drained(stream);
    drain.allow(1);
    drain.cancel();
    steps[0]!.reject(boom);
    await turn();
    expect(told).toEqual(["alive"]);
  });

  it.each([
    ["throws", { return: fail }],
    ["rejects", { return: () => Promise.reject(boom) }],
    ["is missing", { return: undefined }],
    ["is no function", { return: 5 }],
  ])("hurts nobody when its `return` %s", async (_, parts) => {
    const { drain, told } = drained(steered(parts).stream);
    drain.allow(1);
    drain.cancel();
    await turn();
    expect(told).toEqual(["alive"]);
  });

  it("because it is more than is kept has ended, and may clean up", () => {
    const { stream, returned } = steered({ next: () => ({ value: 1 }) });
    const { drain, told } = drained(stream, { maxItems: 2 });
    drain.allow(Infinity);
    expect(drain.collected.lost).toBe("a stream has more than 2 items");
    expect(returned()).toBe(1);
    expect(told.filter((each) => each !== "alive")).toEqual(["ended"]);
    drain.cancel();
    expect(returned()).toBe(1);
  });
});

describe("a stream fails, once, when", () => {
  it.each([
    ["it cannot be iterated", { [Symbol.iterator]: fail }],
    ["it gives no reader", { getReader: fail }],
  ])("%s", (_, stream) => {
    const { drain, told } = drained(stream);
    drain.allow(1);
    drain.cancel();
    expect(told).toEqual([["failed", boom]]);
  });

  it.each([
    ["a step throws", { next: fail }],
    ["a step rejects", { next: () => Promise.reject(boom) }],
    [
      "a step cannot be read",
      {
        next: () => ({
          get done() {
            return fail();
          },
        }),
      },
    ],
  ])("%s", async (_, parts) => {
    const { stream, returned } = steered(parts);
    const { drain, told } = drained(stream);
    drain.allow(3);
    await turn();
    drain.allow(5);
    drain.cancel();
    await turn();
    expect(told).toEqual(["alive", ["failed", boom]]);
    expect(returned()).toBe(0);
  });

  it("a step is none", () => {
    const { drain, told } = drained(steered({ next: () => undefined }).stream);
    drain.allow(3);
    expect(told).toEqual(["alive", ["failed", expect.any(TypeError)]]);
  });
});
