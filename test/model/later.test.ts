import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** As a runtime has it that loads the module with this `setImmediate`. */
async function laterWhere(setImmediate: unknown) {
  vi.stubGlobal("setImmediate", setImmediate);
  vi.resetModules();
  const { later } = await import("../../src/model/later.ts");
  return later;
}

describe("a later turn", () => {
  it("comes by a timer where `setImmediate` throws, as on Next's edge runtime, which is tried once", async () => {
    const throwing = vi.fn(() => {
      throw new Error("A Node.js API is used (setImmediate) which is not supported in the Edge Runtime.");
    });
    const later = await laterWhere(throwing);
    expect(throwing).not.toHaveBeenCalled();
    let came = 0;
    later(() => (came += 1));
    expect(came).toBe(0);
    await new Promise<void>((resolve) => {
      later(resolve);
    });
    expect(came).toBe(1);
    expect(throwing).toHaveBeenCalledTimes(1);
  });

  it("comes by a timer where there is no `setImmediate`", async () => {
    const later = await laterWhere(undefined);
    await new Promise<void>((resolve) => {
      later(resolve);
    });
  });

  it("comes by `setImmediate` where that works", async () => {
    const working = vi.fn((callback: () => void) => queueMicrotask(callback));
    const later = await laterWhere(working);
    await new Promise<void>((resolve) => {
      later(resolve);
    });
    expect(working).toHaveBeenCalledTimes(1);
  });
});
