import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { fileStore } from "../../../src/rollout/stores/file.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { initialState, transition } from "../../../src/rollout/state.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { call, testHost, type TestHost } from "../host.ts";
import { testStore } from "../store-conformance.ts";

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-"));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

testStore("memoryStore", async () => {
  const store = memoryStore();
  return [store, store];
});
testStore("fileStore", async () => {
  const folder = newFolder();
  return [fileStore(folder), fileStore(folder)];
});

describe("fileStore", () => {
  const state = initialState([0.1], 0);

  it.each(["", "{", "null", '{"version":2}', JSON.stringify({ ...state, stage: "half" })])(
    "refuses a state of %j, at definition and in use, and leaves it as it is",
    async (text) => {
      const folder = newFolder();
      const store = fileStore(folder);
      await store.compareAndSet("price", undefined, state);
      const file = join(folder, "price", readdirSync(join(folder, "price"))[0]!);
      writeFileSync(file, text);
      const refusal = expect.objectContaining({ name: "SidelaneError", code: "invalid-state" });
      expect(() => fileStore(folder)).toThrow(refusal);
      await expect(store.load("price")).rejects.toEqual(refusal);
      await expect(store.compareAndSet("price", undefined, state)).rejects.toEqual(refusal);
      await expect(store.compareAndSet("price", 1, state)).rejects.toEqual(refusal);
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );

  it("refuses a folder that is a file", () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    expect(() => fileStore(file)).toThrow(expect.objectContaining({ code: "invalid-option" }));
    expect(() => fileStore("")).toThrow(/`folder` to be a non-empty string/);
  });

  it("keeps the latest 20 epochs, and no draft", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    let last = state;
    await store.compareAndSet("price", undefined, last);
    for (let change = 0; change < 40; change++) {
      const next = transition(last, { kind: change % 2 ? "resume" : "pause", by: "Ada", reason: "", at: change });
      await store.compareAndSet("price", last.epoch, next);
      last = next;
    }
    expect(readdirSync(join(folder, "price"))).toHaveLength(20);
    expect(await store.load("price")).toEqual(last);
  });

  it("lets four processes count to 40 without losing a change", async () => {
    const folder = newFolder();
    await fileStore(folder).compareAndSet("price", undefined, state);
    const child = join(import.meta.dirname, "file.child.ts");
    const run = promisify(execFile);
    await Promise.all(
      ["a", "b", "c", "d"].map((name) => run(process.execPath, ["--import", "tsx", child, folder, name])),
    );
    const store = fileStore(folder);
    expect((await store.load("price"))?.epoch).toBe(41);
    const reported = await store.totals("price", 1);
    expect(reported.map((each) => each.process).sort()).toEqual(["a", "b", "c", "d"]);
  });
});

describe("a ramp with a store", () => {
  const quick: RampOptions = {
    gates: [gates.mismatches(0.01)],
    onReady: "advance",
    minimumTimeMs: 60_000,
    unitWindowMs: 0,
  };

  async function started(store: RolloutStore, host: TestHost, options: RampOptions = {}) {
    const made = ramp({ ...quick, ...options, store });
    made.bind!("price", host);
    await made.loaded;
    return made;
  }

  async function drive(rolling: ReturnType<typeof ramp>, host: TestHost, calls: number, isBad = false): Promise<void> {
    for (let index = 0; index < calls; index++) {
      call(rolling, host, { key: `customer-${host.called}`, isBad });
      host.clock.advance(100);
      // Lets the store's promises settle, as a turn of the event loop would.
      if (index % 20 === 0) await host.clock.advanceAsync(0);
    }
    await host.clock.advanceAsync(0);
  }

  it("serves nobody until the stored state is known, and then what it says", async () => {
    const store = memoryStore();
    const live = [1, 2].reduce(
      (state) => transition(state, { kind: "advance", by: "Ada", reason: "", at: 1 }),
      initialState([0.1], 0),
    );
    await store.compareAndSet("price", undefined, live);
    const host = testHost();
    const rolling = ramp({ ...quick, steps: [0.1], store });
    rolling.bind!("price", host);
    expect(rolling.current()).toMatchObject({ stage: "off", share: 0, compare: 0, epoch: 0 });
    await expect(rolling.advance({ by: "Ada" })).rejects.toMatchObject({ code: "invalid-state" });
    await rolling.loaded;
    expect(rolling.current()).toMatchObject({ stage: "live", share: 1, epoch: 3 });
    // Told once, by whoever did it.
    expect(host.events).toEqual([]);
  });

  it("says that an experiment has to have it, where a caller waits for it to load before that", async () => {
    const rolling = ramp({ ...quick, store: memoryStore() });
    await expect(rolling.loaded).rejects.toMatchObject({
      code: "invalid-state",
      message: expect.stringContaining("Define the experiment first") as string,
    });
    rolling.bind!("price", testHost());
    await rolling.loaded;
  });

  it("loads where the experiment is defined in the turn in which a caller begins to wait", async () => {
    const rolling = ramp({ ...quick, store: memoryStore() });
    const { loaded } = rolling;
    rolling.bind!("price", testHost());
    await loaded;
    expect(rolling.status().synchronized).toBe(true);
    // Without a store nothing has to be known.
    await ramp().loaded;
  });

  it("goes on after a restart in the middle, with the evidence that was reported", async () => {
    const store = memoryStore();
    const clock = fixedClock();
    const host = testHost(clock);
    const before = await started(store, host);
    await drive(before, host, 400);
    await before.close!();
    const after = await started(store, host);
    await host.clock.advanceAsync(20_000);
    expect(after.verdict()).toMatchObject({ units: 400, kind: "insufficient", moreUnits: 121 });
    await drive(after, host, 200);
    expect(after.current()).toMatchObject({ stage: "ramp", share: 0.01, epoch: 2 });
    await after.close!();
    const again = await started(store, testHost(clock));
    expect(again.current()).toMatchObject({ stage: "ramp", share: 0.01, epoch: 2 });
  });

  it("adds up two processes' evidence, and lets one of them take each step", async () => {
    const store = memoryStore();
    const clock = fixedClock();
    const hosts = [testHost(clock), testHost(clock)] as const;
    const [one, other] = await Promise.all(hosts.map(async (host) => started(store, host)));
    for (let index = 0; index < 450; index++) {
      call(one!, hosts[0], { key: `left-${index}` });
      call(other!, hosts[1], { key: `right-${index}` });
      clock.advance(200);
      if (index % 25 === 0) await clock.advanceAsync(0);
    }
    expect(one!.current().epoch).toBe(2);
    expect(other!.current().epoch).toBe(2);
    // 261 of each are enough together; alone, either would have needed 521.
    const advanced = (await store.load("price"))!.history[0]!;
    expect(advanced).toMatchObject({ kind: "advanced", by: "ramp", to: { share: 0.01 } });
    expect(advanced.at - Date.UTC(2026, 0, 1)).toBeLessThan(521 * 200);
  });

  it("rolls back everywhere when one process sees a regression", async () => {
    const store = memoryStore();
    const clock = fixedClock();
    const hosts = [testHost(clock), testHost(clock)] as const;
    const [one, other] = await Promise.all(hosts.map(async (host) => started(store, host)));
    await one!.advance({ by: "Ada" });
    await clock.advanceAsync(0);
    expect(other!.current()).toMatchObject({ stage: "ramp", share: 0.01 });
    await drive(one!, hosts[0], 40, true);
    expect(one!.current().stage).toBe("shadow");
    expect(other!.current().stage).toBe("shadow");
    expect(other!.status().state.mode).toBe("rolled-back");
    expect(hosts[1].events.map(({ kind }) => kind)).toEqual(["advanced", "rolled-back"]);
  });

  it("rolls back at once while the store fails, promotes nothing, and writes the rollback when it is back", async () => {
    const inner = memoryStore();
    let down = false;
    const guarded = <Value>(work: () => PromiseLike<Value>): Promise<Value> =>
      down ? Promise.reject(new Error("down")) : Promise.resolve(work());
    const store: RolloutStore = {
      load: (...given) => guarded(() => inner.load(...given)),
      compareAndSet: (...given) => guarded(() => inner.compareAndSet(...given)),
      report: (...given) => guarded(() => inner.report(...given)),
      totals: (...given) => guarded(() => inner.totals(...given)),
    };
    const host = testHost();
    const rolling = await started(store, host);
    await rolling.advance({ by: "Ada" });
    const { epoch } = rolling.current();
    down = true;
    await drive(rolling, host, 3_000);
    expect(rolling.current()).toMatchObject({ stage: "ramp", share: 0.01, epoch });
    expect(host.faults.length).toBeGreaterThan(0);
    expect(new Set(host.faults.map(({ operation }) => operation))).toEqual(new Set(["store"]));
    await expect(rolling.advance({ by: "Ada" })).rejects.toMatchObject({ code: "invalid-state" });
    await rolling.rollback({ by: "Ada", reason: "I saw it fail" });
    expect(rolling.current()).toMatchObject({ stage: "shadow", share: 0 });
    expect(rolling.status().synchronized).toBe(false);
    expect((await inner.load("price"))!.stage).toBe("ramp");
    down = false;
    await host.clock.advanceAsync(10_000);
    expect(rolling.status().synchronized).toBe(true);
    expect(await inner.load("price")).toMatchObject({ stage: "shadow", mode: "rolled-back" });
  });

  it("keeps a rollback that crossed another process's step", async () => {
    const store = memoryStore();
    const host = testHost();
    const { watch, ...unwatched } = store;
    expect(watch).toBeTypeOf("function");
    const rolling = await started(unwatched, host);
    const stored = (await store.load("price"))!;
    await store.compareAndSet("price", 1, transition(stored, { kind: "advance", by: "Bob", reason: "", at: 5 }));
    await rolling.rollback({ by: "Ada", reason: "no" });
    expect(await store.load("price")).toMatchObject({ stage: "shadow", mode: "rolled-back", epoch: 3 });
    expect(rolling.current()).toMatchObject({ stage: "shadow", epoch: 3 });
  });

  it("runs no candidate when the stored state cannot be read, since it may be off, and says so", async () => {
    const store = { ...memoryStore(), load: () => Promise.reject(new Error("corrupt")) };
    const host = testHost();
    const rolling = ramp({ ...quick, store });
    rolling.bind!("price", host);
    await drive(rolling, host, 2_000);
    expect(rolling.current()).toMatchObject({ stage: "off", share: 0 });
    host.called += 5;
    await host.clock.advanceAsync(11 * 60_000);
    expect(host.events).toEqual([expect.objectContaining({ kind: "stalled" })]);
    expect(rolling.status().synchronized).toBe(false);
    expect(host.faults[0]).toMatchObject({ operation: "store", error: { message: "corrupt" } });
  });
});
