import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import { initialState } from "../../../src/rollout/state.ts";
import { fileStore } from "../../../src/rollout/stores/file.ts";
import { transition } from "../../../src/rollout/transition.ts";
import { testHost } from "../host.ts";
import { stored } from "../stored.ts";

const disk = vi.hoisted(() => ({ isFull: false }));

/** Files are made, and no more than the first letter of a text is written. */
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const open = async (...given: Parameters<typeof real.open>): Promise<object> => {
    const file = await real.open(...given);
    return {
      close: () => file.close(),
      sync: () => file.sync(),
      async writeFile(text: string) {
        if (!disk.isFull) return file.writeFile(text);
        await file.write(text.slice(0, 1));
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      },
    };
  };
  return { ...real, default: real, open };
});

let folder: string;
beforeEach(() => {
  disk.isFull = false;
  folder = mkdtempSync(join(tmpdir(), "sidelane-full-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const drafts = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("draft-"));

/** What the newest file says, of whatever process. */
function newest(): unknown {
  const states = readdirSync(join(folder, "price")).filter((name) => name.startsWith("state-"));
  return JSON.parse(readFileSync(join(folder, "price", states.sort().at(-1)!), "utf8"));
}

describe("a store in a folder whose disk is full", () => {
  it("says so, keeps what is stored whole, and leaves nothing half written", async () => {
    const store = fileStore(folder);
    const state = initialState([0.01, 0.1], 0);
    await store.compareAndSet("price", undefined, state);
    const next = transition(state, { kind: "pause", by: "Ada", reason: "", at: 1 });
    disk.isFull = true;
    await expect(store.compareAndSet("price", state.id, next)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(newest()).toMatchObject({ id: state.id });
    expect(drafts()).toEqual([]);
    disk.isFull = false;
    expect(await store.compareAndSet("price", state.id, next)).toBe(true);
    expect(await stored(store)).toEqual(next);
  });

  it("is a counted fault of its ramp, which rolls back all the same and writes that once there is room", async () => {
    const faults: string[] = [];
    const made = ramp({ store: fileStore(folder), version: "v1", checkEveryMs: 50 });
    const onFault = (operation: string, error: unknown): void => void faults.push(`${operation}: ${String(error)}`);
    made.bind!("price", { ...testHost(), clock: systemClock, onFault });
    await made.loaded;
    await made.advance({ by: "Ada" });
    disk.isFull = true;
    await made.rollback({ by: "Ada", reason: "it is wrong" });
    expect(made.current()).toMatchObject({ stage: "shadow", share: 0 });
    await expect.poll(() => faults, { timeout: 5_000 }).toContainEqual(expect.stringMatching(/^store: Error: ENOSPC/));
    expect(newest()).toMatchObject({ stage: "ramp" });
    expect(drafts()).toEqual([]);
    disk.isFull = false;
    await expect.poll(newest, { timeout: 5_000 }).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    await made.close!();
  });
});
