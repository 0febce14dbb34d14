import { describe, expect, it } from "vitest";
import { inBatches } from "../../../src/writes/changes/in-batches.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("inBatches", () => {
  it("hands on at once what came while the last batch was worked on, in order, and no more than it may hold", async () => {
    let read = 0;
    async function* source(): AsyncGenerator<number> {
      while (read < 10) {
        await Promise.resolve();
        yield ++read;
      }
    }
    const batches: (readonly number[])[] = [];
    for await (const batch of inBatches(source(), 4, new AbortController().signal)) {
      batches.push(batch);
      await turn();
      expect(read - batches.flat().length).toBeLessThanOrEqual(4);
    }
    expect(batches.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(batches[1]).toHaveLength(4);
  });

  it("rejects as the source does, once all before is handed on", async () => {
    const failure = new Error("gone");
    async function* source(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      throw failure;
    }
    const read: number[] = [];
    const reading = (async () => {
      for await (const batch of inBatches(source(), 9, new AbortController().signal)) read.push(...batch);
    })();
    await expect(reading).rejects.toBe(failure);
    expect(read).toEqual([1, 2]);
  });

  it("ends when the signal is aborted though the source hangs, and asks the source to end", async () => {
    const stop = new AbortController();
    let returned = 0;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => undefined),
        return() {
          returned += 1;
          throw new Error("cannot");
        },
      }),
    };
    const reading = (async () => {
      for await (const _ of inBatches(source, 9, stop.signal)) throw new Error("nothing came");
    })();
    await turn();
    stop.abort();
    await reading;
    expect(returned).toBe(1);
  });
});
