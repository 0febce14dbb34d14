import { describe, expect, it } from "vitest";
import { shownState } from "../../src/rollout/shown-state.ts";
import { initialState, type RolloutState } from "../../src/rollout/state.ts";
import { commandStored, forgetStored, readStored, type StoredCommand } from "../../src/rollout/stored-command.ts";
import { memoryStore } from "../../src/rollout/stores/memory.ts";
import type { Report, RolloutStore, SyncedState } from "../../src/rollout/stores/store.ts";
import { transition, type RolloutRequest } from "../../src/rollout/transition.ts";
import { verdict } from "../../src/testing/store-questions.ts";
import { stored } from "./stored.ts";

const command = { by: "Ada", reason: "because" };
const ask = (state: RolloutState, kind: RolloutRequest["kind"]): RolloutState =>
  transition(state, { kind, at: 1, ...command });
const terms = {
  ...{ gates: [], minimumUnits: 1, minimumTimeMs: 1, completeAfterMs: 5_000 },
  steps: [{ share: 0.1, pause: true }, { share: 0.5 }],
};
const begun: RolloutState = { ...initialState([0.1, 0.5], 1), terms, unitSecret: "0f".repeat(16) };
const live = ask(ask(ask(begun, "advance"), "advance"), "advance");

/** A store with a state, whose first writes are refused since another process was first. */
async function holding(state: RolloutState, refusals = 0) {
  const store = memoryStore();
  await store.compareAndSet("price", undefined, state);
  let left = refusals;
  const tried: string[] = [];
  const contended: RolloutStore = {
    ...store,
    async compareAndSet(experiment, expected, next) {
      tried.push(next.history.at(-1)!.kind);
      return left-- > 0 ? false : store.compareAndSet(experiment, expected, next);
    },
  };
  const commanded = (kind: StoredCommand) => commandStored(contended, "price", kind, command, "terminal");
  return { store, commanded, tried };
}

/** A store that answers one thing. */
function answering(answer: SyncedState | undefined) {
  const asked: Report[] = [];
  const store = {
    async sync(reports: readonly Report[]) {
      asked.push(...reports);
      return { now: 7, states: answer === undefined ? {} : { price: answer } };
    },
  } as unknown as RolloutStore;
  return { store, asked };
}

describe("what a store has, for those who do not run the experiment", () => {
  it("is its state without the secret, and the store's time, for one who comes and leaves", async () => {
    const { store, asked } = answering({ state: begun });
    expect(await readStored(store, "price", "terminal")).toEqual({ state: shownState(begun), now: 7 });
    expect(shownState(begun)).not.toHaveProperty("unitSecret");
    expect(shownState(begun)).toBe(shownState(begun));
    expect(asked).toEqual([
      {
        ...{ experiment: "price", process: "terminal", epoch: 0, evidenceEpoch: 0, leaves: true },
        ...{ at: expect.any(Number), candidates: {}, units: [] },
      },
    ]);
  });

  it("is the verdict too, where one was found", async () => {
    const found = verdict(5);
    const read = await readStored(answering({ state: begun, verdict: found }).store, "price", "terminal");
    expect(read).toMatchObject({ verdict: found });
    const unreadable = { at: 0 } as never;
    expect(await readStored(answering({ state: begun, verdict: unreadable }).store, "price", "terminal")).not.toHaveProperty("verdict"); // prettier-ignore
  });

  it("is nothing where there is no such experiment, and a rejection where it cannot be read", async () => {
    for (const answer of [undefined, {}, { state: null }])
      expect(await readStored(answering(answer).store, "price", "terminal")).toBeUndefined();
    const failed = new Error("no state");
    await expect(readStored(answering({ failed }).store, "price", "terminal")).rejects.toBe(failed);
  });
});

describe("a store that does not answer", () => {
  const never = async (): Promise<never> => new Promise(() => undefined);
  it("is given up after 2 s, whatever it is asked for", { timeout: 20_000 }, async () => {
    const { store } = await holding(begun);
    const silent: RolloutStore = { ...store, sync: never };
    const forgetful: RolloutStore = { ...store, compareAndSet: never, forget: never };
    const refused = await Promise.allSettled([
      readStored(silent, "price", "terminal"),
      commandStored(forgetful, "price", "rollback", command, "terminal"),
      forgetStored(forgetful, "price", "terminal"),
    ]);
    expect(refused.map((each) => String((each as PromiseRejectedResult).reason))).toEqual([
      "Error: The store did not answer an exchange within 2000 ms",
      "Error: The store did not answer a new state within 2000 ms",
      "Error: The store did not answer what is to be forgotten within 2000 ms",
    ]);
  });
});

describe("a command to what a store has", () => {
  it("is done by the state's own steps, and shown without the secret", async () => {
    const { store, commanded } = await holding(begun);
    const { before, after } = (await commanded("advance"))!;
    expect(before).toEqual(shownState(begun));
    expect(after).toEqual(shownState((await stored(store))!));
    expect(after).toMatchObject({ stage: "ramp", share: 0.1, mode: "paused" });
    expect(after.history.at(-1)).toMatchObject({ kind: "advanced", pauses: true, ...command });
    await commanded("resume");
    expect((await commanded("advance"))!.after).toMatchObject({ share: 0.5, mode: "running" });
    expect((await commanded("advance"))!.after).toMatchObject({ stage: "live", mode: "running" });
    expect((await commanded("pause"))!.after.history.at(-1)).not.toHaveProperty("pauses");
  });

  it("pauses at no step that says nothing of it, also where there are no terms", async () => {
    const { terms: _, ...bare } = begun;
    expect((await (await holding(bare)).commanded("advance"))!.after.mode).toBe("running");
    // Back in shadow, `live` is no step of the ramp, whatever the terms name.
    const odd = {
      ...live,
      stage: "ramp",
      share: 0.5,
      terms: { ...terms, steps: [{ share: 1, pause: true }] },
    } as const;
    expect((await (await holding(odd)).commanded("advance"))!.after).toMatchObject({ stage: "live", mode: "running" });
  });

  it("is nothing where the store has nothing", async () => {
    expect(await commandStored(memoryStore(), "price", "pause", command, "terminal")).toBeUndefined();
  });

  it("is refused with the reason why", async () => {
    const { commanded, tried } = await holding({ ...begun, stage: "off" });
    await expect(commanded("step-back")).rejects.toMatchObject({
      code: "invalid-state",
      message: "cannot step back. There is no stage below `off`.",
    });
    expect(tried).toEqual([]);
    await expect(commandStored(memoryStore(), "price", "pause", { by: "Ada" }, "terminal")).rejects.toThrow("`reason`");
  });

  it("completes only what was live for as long as its terms say, or for a day", async () => {
    const since = (ms: number, more: object = {}) => holding({ ...live, since: Date.now() - ms, ...more });
    await expect((await since(1_000)).commanded("complete")).rejects.toThrow(/It has to be live for [1-4] s more/);
    expect((await (await since(6_000)).commanded("complete"))!.after.stage).toBe("complete");
    const day = 86_400_000;
    const bare = { terms: undefined };
    await expect((await since(day - 60_000, bare)).commanded("complete")).rejects.toThrow("It has to be live for");
    expect((await (await since(day + 1_000, bare)).commanded("complete"))!.after.stage).toBe("complete");
  });

  it("that lets the candidate do less is tried five times where others are first", async () => {
    const four = await holding(live, 4);
    expect((await four.commanded("rollback"))!.after.mode).toBe("rolled-back");
    const five = await holding(live, 5);
    await expect(five.commanded("rollback")).rejects.toThrow(
      "cannot rollback. Another process changed it just now; look again.",
    );
    expect(five.tried).toHaveLength(5);
  });

  it("that lets it do more is tried once", async () => {
    const { commanded, tried } = await holding(begun, 1);
    await expect(commanded("advance")).rejects.toThrow("Another process changed it just now");
    expect(tried).toEqual(["advanced"]);
  });
});
