import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fileStore } from "../../../src/rollout/stores/file.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { systemClock } from "../../../src/model/clock.ts";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { initialState } from "../../../src/rollout/state.ts";
import { transition } from "../../../src/rollout/transition.ts";
import type { FleetVerdict, RolloutStore } from "../../../src/rollout/stores/store.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { call, testHost, type TestHost } from "../host.ts";
import { synced } from "../../../src/testing/store-questions.ts";
import { testStore } from "../../../src/testing/test-store.ts";
import { stored } from "../stored.ts";
import { contendInProcesses } from "./contend-in-processes.ts";

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sidelane-"));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const times = Number(process.env["CONTENTIONS"] ?? 100);
testStore(
  "memoryStore",
  () => {
    const store = memoryStore();
    return { views: [store, store] };
  },
  { describe, it },
  { times: 1_000 },
);
testStore(
  "fileStore",
  () => {
    const folder = newFolder();
    return {
      views: [fileStore(folder), fileStore(folder)],
      contend: async (count) => contendInProcesses(join(import.meta.dirname, "file.child.ts"), [folder, String(count)]),
    };
  },
  { describe, it: (name, test) => it(name, test, 60_000) },
  { times },
);

describe("fileStore", () => {
  const state = initialState([0.1], 0);

  it.each(["", "{", "null", '{"version":3}', JSON.stringify({ ...state, stage: "half" })])(
    "refuses a state of %j in use, leaves it as it is, and goes on with the others",
    async (text) => {
      const folder = newFolder();
      const store = fileStore(folder);
      await store.compareAndSet("price", undefined, state);
      await store.compareAndSet("stock", undefined, state);
      const file = join(folder, "price", readdirSync(join(folder, "price"))[0]!);
      writeFileSync(file, text);
      const refusal = expect.objectContaining({ name: "SidelaneError", code: "invalid-state" });
      const again = fileStore(folder);
      await expect(stored(again)).rejects.toEqual(refusal);
      await expect(again.compareAndSet("price", undefined, state)).rejects.toEqual(refusal);
      await expect(again.compareAndSet("price", state.id, state)).rejects.toEqual(refusal);
      expect(readFileSync(file, "utf8")).toBe(text);
      expect(await stored(again, "stock")).toEqual(state);
    },
  );

  it("stays in its folder wherever the process goes", async () => {
    const before = process.cwd();
    process.chdir(newFolder());
    try {
      const store = fileStore("states");
      await store.compareAndSet("price", undefined, state);
      process.chdir(tmpdir());
      expect(await stored(store)).toEqual(state);
    } finally {
      process.chdir(before);
    }
  });

  it("refuses a folder that is a file", () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    expect(() => fileStore(file)).toThrow(expect.objectContaining({ code: "invalid-option" }));
    expect(() => fileStore("")).toThrow(/`folder` to be a non-empty string/);
  });

  it("keeps the latest 20 states, and no draft", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    let last = state;
    await store.compareAndSet("price", undefined, last);
    for (let change = 0; change < 40; change++) {
      const next = transition(last, { kind: change % 2 ? "resume" : "pause", by: "Ada", reason: "", at: change });
      expect(await store.compareAndSet("price", last.id, next)).toBe(true);
      last = next;
    }
    expect(readdirSync(join(folder, "price"))).toHaveLength(20);
    expect(await stored(store)).toEqual(last);
  });

  it("refuses a process that wrote so late that the number is free again", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    let last = state;
    await store.compareAndSet("price", undefined, last);
    for (let change = 0; change < 30; change++) {
      const next = transition(last, { kind: change % 2 ? "resume" : "pause", by: "Ada", reason: "", at: change });
      await store.compareAndSet("price", last.id, next);
      last = next;
    }
    expect(await store.compareAndSet("price", undefined, state)).toBe(false);
    expect(await stored(store)).toEqual(last);
  });

  it("removes what a process was writing when it was killed", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    await store.compareAndSet("price", undefined, state);
    const draft = join(folder, "price", "draft-of-a-process-that-was-killed");
    writeFileSync(draft, "{");
    utimesSync(draft, new Date(0), new Date(0));
    const next = transition(state, { kind: "pause", by: "Ada", reason: "", at: 1 });
    await store.compareAndSet("price", state.id, next);
    expect(readdirSync(join(folder, "price")).filter((name) => name.startsWith("draft-"))).toEqual([]);
  });

  it.each([
    '{"experiments":{"price":{"row":null,"units":[]}}}',
    '{"experiments":{"price":null}}',
    '{"experiments":5}',
    '{"experiments":{"pri',
    "\0",
  ])("counts the others' reports beside %j, which is set aside and told", async (text) => {
    const folder = newFolder();
    await fileStore(folder).compareAndSet("price", undefined, state);
    await synced(fileStore(folder), { process: "other" });
    writeFileSync(join(folder, ".processes", "spoilt.json"), text);
    const store = fileStore(folder);
    expect((await synced(store, { version: "v2" })).state!.id).toBe(state.id);
    const fence = (await store.claim("price", "judge", 15_000))!;
    const { reports } = await store.collect("price", 1, fence);
    expect(reports.map(({ process }) => process).sort()).toEqual(["other", "reader", "spoilt.json"]);
    expect(readdirSync(join(folder, ".processes"))).toContain("spoilt.json.unreadable");
  });

  it.each(["", "null", "5", "{}", '{"folded":null}', '{"folded":{}}'])(
    "takes a verdict of %j for none, until the next judge writes one",
    async (text) => {
      const folder = newFolder();
      const store = fileStore(folder);
      await store.compareAndSet("price", undefined, state);
      const fence = (await store.claim("price", "judge", 15_000))!;
      writeFileSync(join(folder, "price", "judge", `verdict-${fence}.json`), text);
      const answer = await synced(store);
      expect(answer.state!.id).toBe(state.id);
      expect(answer.verdict).toEqual({ at: 0 });
      expect((await store.collect("price", 1, fence)).reports).toHaveLength(1);
      const verdict = { at: 1 } as FleetVerdict;
      expect(await store.conclude("price", fence, verdict, undefined)).toBe(true);
      expect((await synced(store)).verdict).toEqual(verdict);
    },
  );

  it("reads nothing that an old judge wrote after the next one had looked", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    await store.compareAndSet("price", undefined, state);
    const old = (await store.claim("price", "old", 15_000))!;
    await store.claim("price", "old", 0);
    const fence = (await store.claim("price", "next", 15_000))!;
    await store.collect("price", 1, fence);
    // It was stopped after it had looked at its fence, and goes on.
    const late = { verdict: { at: 1 }, folded: { other: 5 }, kept: { of: "old" }, through: 9 };
    writeFileSync(join(folder, "price", "judge", `verdict-${old}.json`), JSON.stringify(late));
    expect((await synced(store)).verdict).toBeUndefined();
    expect((await store.collect("price", 1, fence)).kept).toBeUndefined();
    await store.conclude("price", fence, { at: 2 } as FleetVerdict, { processes: [], kept: { of: "next" } });
    expect((await synced(store)).verdict).toEqual({ at: 2 });
    expect(readdirSync(join(folder, "price", "judge")).filter((name) => name.startsWith("verdict-"))).toHaveLength(1);
  });

  it("sets a report aside that cannot be read, tells of it, and adds up the others", async () => {
    const folder = newFolder();
    const faults: string[] = [];
    const make = async (name: string): Promise<ReturnType<typeof ramp>> => {
      const made = ramp({
        gates: [gates.mismatches(0.01)],
        store: fileStore(folder),
        version: "v1",
        process: name,
        checkEveryMs: 50,
      });
      made.bind!("price", {
        ...testHost(),
        clock: systemClock,
        onFault: (_, error) => void faults.push(String(error)),
      });
      await made.loaded;
      return made;
    };
    const gone = await make("gone");
    await gone.close!();
    const [file] = readdirSync(join(folder, ".processes"));
    writeFileSync(join(folder, ".processes", file!), "");
    const judge = await make("judge");
    await expect.poll(() => faults, { timeout: 5_000 }).toEqual([expect.stringContaining(file!)]);
    expect(readdirSync(join(folder, ".processes"))).toContain(`${file}.unreadable`);
    expect(judge.status().synchronized).toBe(true);
    await judge.close!();
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
    const verdict = after.verdict();
    // Two keys may share a place.
    expect(verdict.units).toBeGreaterThan(390);
    expect(verdict).toMatchObject({ kind: "insufficient", moreUnits: 521 - verdict.units });
    await drive(after, host, 200);
    // Until the next exchange, whenever it is due.
    await host.clock.advanceAsync(15_000);
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
    const advanced = (await stored(store))!.history[0]!;
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
    // Told once, by whoever did it.
    expect(hosts[0].events.map(({ kind }) => kind)).toEqual(["advanced", "rolled-back"]);
    expect(hosts[1].events).toEqual([]);
  });

  it("rolls back at once while the store fails, promotes nothing, and writes the rollback when it is back", async () => {
    const inner = memoryStore();
    let down = false;
    const guarded = <Value>(work: () => PromiseLike<Value>): Promise<Value> =>
      down ? Promise.reject(new Error("down")) : Promise.resolve(work());
    const store: RolloutStore = {
      ...inner,
      sync: (...given) => guarded(() => inner.sync(...given)),
      compareAndSet: (...given) => guarded(() => inner.compareAndSet(...given)),
      collect: (...given) => guarded(() => inner.collect(...given)),
    };
    const host = testHost();
    const rolling = await started(store, host);
    await rolling.advance({ by: "Ada" });
    const { epoch } = rolling.current();
    down = true;
    await drive(rolling, host, 500);
    expect(rolling.current()).toMatchObject({ stage: "ramp", share: 0.01, epoch });
    expect(rolling.status()).toMatchObject({ stale: false });
    await drive(rolling, host, 2_500);
    // For a minute it goes by what it last knew.
    expect(rolling.current()).toMatchObject({ stage: "shadow", share: 0 });
    expect(rolling.status()).toMatchObject({ stale: true, synchronized: false, state: { share: 0.01, epoch } });
    expect(host.faults.length).toBeGreaterThan(0);
    expect(new Set(host.faults.map(({ operation }) => operation))).toEqual(new Set(["store"]));
    await expect(rolling.advance({ by: "Ada" })).rejects.toMatchObject({ code: "invalid-state" });
    await rolling.rollback({ by: "Ada", reason: "I saw it fail" });
    expect(rolling.current()).toMatchObject({ stage: "shadow", share: 0 });
    expect(rolling.status().synchronized).toBe(false);
    expect((await stored(inner))!.stage).toBe("ramp");
    down = false;
    // A poll, give or take a fifth.
    await host.clock.advanceAsync(12_000);
    expect(rolling.status().synchronized).toBe(true);
    expect(await stored(inner)).toMatchObject({ stage: "shadow", mode: "rolled-back" });
  });

  it("keeps a rollback that crossed another process's step", async () => {
    const store = memoryStore();
    const host = testHost();
    const { watch, ...unwatched } = store;
    expect(watch).toBeTypeOf("function");
    const rolling = await started(unwatched, host);
    const before = (await stored(store))!;
    await store.compareAndSet(
      "price",
      before.id,
      transition(before, { kind: "advance", by: "Bob", reason: "", at: 5 }),
    );
    await rolling.rollback({ by: "Ada", reason: "no" });
    expect(await stored(store)).toMatchObject({ stage: "shadow", mode: "rolled-back", epoch: 3 });
    expect(rolling.current()).toMatchObject({ stage: "shadow", epoch: 3 });
  });

  it("runs no candidate when the stored state cannot be read, since it may be off, and says so", async () => {
    const store = { ...memoryStore(), sync: () => Promise.reject(new Error("corrupt")) };
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
