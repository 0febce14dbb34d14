import { initialState } from "../rollout/state.ts";
import type { Report, RolloutStore } from "../rollout/stores/store.ts";
import { equal, hold } from "./hold.ts";
import {
  contendFor,
  experiment,
  next,
  placesIn,
  report,
  stateOf,
  steps,
  synced,
  table,
  verdict,
  within3s,
  type Win,
} from "./store-questions.ts";
import { keepsTables } from "./store-tables.ts";
import { keepsWrites } from "./store-writes.ts";
import { globalRunner, type TestRunner } from "./test-publisher.ts";

/** A store under test, freshly made and empty. */
export interface OpenedStore {
  /** Two views of it, as two processes have. */
  readonly views: readonly [RolloutStore, RolloutStore];
  /**
   * Has 8 processes call {@link contendFor} at once, for the experiment `contended`, and returns what each of them did. Without it the views
   * take turns in this process.
   */
  contend?(times: number): Promise<readonly (readonly Win[])[]>;
  /** Takes away what the test has left behind. */
  cleanUp?(): void | Promise<void>;
}

/** Settings of {@link testStore}. */
export interface StoreSuiteOptions {
  /** How many compare-and-sets each of 8 processes makes; 1 000 by default. */
  readonly times?: number;
}

interface Views {
  readonly one: RolloutStore;
  readonly other: RolloutStore;
}

/** What holds for every store, by name; each throws when it does not. */
const laws: Readonly<Record<string, (views: Views) => Promise<void>>> = {
  "has nothing at first, and says so": async ({ one }) => {
    const answer = await synced(one);
    hold(answer.state === null, "a state that is not there must be null");
    hold(answer.judge === undefined && answer.verdict === undefined, "there is a judge or a verdict of nothing");
    hold((await one.claim(experiment, "a", 1_000)) === undefined, "nobody can judge what is not there");
  },
  "returns what was put, to everybody, and only to those who do not know it": async ({ one, other }) => {
    const first = initialState(steps, 1_000, "shadow", "v1");
    hold(await one.compareAndSet(experiment, undefined, first), "the first state was refused");
    equal(await stateOf(other, experiment), first, "the state");
    hold((await synced(other, { knows: first.id })).state === undefined, "a state was sent to who knows it");
  },
  "replaces a state only where its id is the expected one": async ({ one, other }) => {
    const first = initialState(steps, 1_000);
    const second = next(first);
    hold(!(await one.compareAndSet(experiment, first.id, second)), "there was no state to replace");
    hold(await one.compareAndSet(experiment, undefined, first), "the first state was refused");
    hold(!(await other.compareAndSet(experiment, undefined, first)), "there was a state already");
    hold(!(await other.compareAndSet(experiment, second.id, next(second))), "another state was expected");
    hold(await other.compareAndSet(experiment, first.id, second), "the expected state was there");
    hold(!(await one.compareAndSet(experiment, first.id, next(first))), "a state had two successors");
    equal(await stateOf(one, experiment), second, "the state");
  },
  "keeps experiments apart, whatever they are called": async ({ one, other }) => {
    const names = ["price", "Price", "../price", "price/1", "..", "ünï", "con", "a".repeat(200), "%70rice", "{price}"];
    names.push("\ud83d\ude80 rocket", "料".repeat(200), "price:1", "price'1", "__proto__", "constructor", "price\n1");
    const states = names.map((_, index) => initialState(steps, index));
    for (const [index, name] of names.entries()) {
      hold(await one.compareAndSet(name, undefined, states[index]!), `${JSON.stringify(name)} was refused`);
    }
    for (const [index, name] of names.entries()) equal(await stateOf(other, name), states[index], JSON.stringify(name));
    const answer = await other.sync(names.map((name) => report({ experiment: name })));
    for (const [index, name] of names.entries()) {
      hold(Object.hasOwn(answer.states, name), `${JSON.stringify(name)} was not answered`);
      equal(answer.states[name]?.state, states[index], JSON.stringify(name));
    }
  },
  "tells a time that goes on": async ({ one, other }) => {
    const before = await one.sync([report({ at: Date.now() })]);
    const after = await other.sync([report({ at: Date.now(), process: "other" })]);
    hold(Number.isFinite(before.now) && after.now >= before.now, `${before.now} and then ${after.now}`);
  },
  "lets one process judge at a time, under a fence that only grows": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0));
    const fence = await one.claim(experiment, "a", 60_000);
    hold(typeof fence === "number", "nobody judged, and the lease was refused");
    hold((await other.claim(experiment, "b", 60_000)) === undefined, "two processes have the lease");
    hold((await synced(other)).judge === "a", "who judges is not told");
    hold((await one.claim(experiment, "a", 60_000)) === fence, "a renewed lease has another fence");
    await one.claim(experiment, "a", 0);
    hold((await synced(other)).judge === undefined, "a lease that was let go is held");
    const later = await other.claim(experiment, "b", 60_000);
    hold(later !== undefined && later > fence!, `the fence was ${fence}, and then ${later}`);
    hold(!(await one.conclude(experiment, fence!, verdict(1), undefined)), "an old judge wrote a verdict");
    hold(await other.conclude(experiment, later!, verdict(2), undefined), "the judge's verdict was refused");
    equal((await synced(one)).verdict?.at, 2, "the verdict");
    hold((await synced(one, { knowsVerdict: 2 })).verdict === undefined, "a verdict was sent to who knows it");
    let isRefused = false;
    await Promise.resolve(one.collect(experiment, 1, fence!)).catch(() => (isRefused = true));
    hold(isRefused, "an old judge got the evidence");
  },
  "hands a lease on when it has run out": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0));
    const fence = await one.claim(experiment, "a", 50);
    let later: number | undefined;
    await within3s(async () => {
      // A store whose clock is that of those who ask.
      await synced(other, { process: "b", at: Date.now() });
      later = await other.claim(experiment, "b", 1_000);
      return later !== undefined;
    });
    hold(later !== undefined && later > fence!, `the fence was ${fence}, and then ${later}`);
  },
  "keeps each process's last report, and every place of all tables": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
    const candidates = (units: number): Report["candidates"] => ({
      v2: { comparisons: units, units, keys: units, gates: {} },
    });
    await one.sync([report({ process: "a", candidates: candidates(10), units: [table(1, [1, 2])] })]);
    await one.sync([report({ process: "a", candidates: candidates(20), units: [table(1, [3]), table(2, [9])] })]);
    await other.sync([
      report({
        process: "b/../b",
        candidates: candidates(5),
        units: [table(1, [2, 4]), { ...table(1, [7]), served: true }],
      }),
    ]);
    await other.sync([report({ process: "c", evidenceEpoch: 2, epoch: 2, units: [table(1, [100])] })]);
    await other.sync([report({ process: "d", version: "v2", units: [table(1, [200])] })]);
    const fence = (await one.claim(experiment, "a", 60_000))!;
    const { reports, units } = await one.collect(experiment, 1, fence);
    equal(
      reports.map(({ process, candidates: of }) => `${process} ${of["v2"]?.units}`).sort(),
      ["a 20", "b/../b 5", "c undefined", "d undefined"],
      "the reports",
    );
    const ofVersion = units.filter(({ version }) => version === "v1").flatMap((each) => each.units);
    equal(placesIn(ofVersion, 1), [1, 2, 3, 4], "the places of a window");
    equal(placesIn(ofVersion, 2), [9], "the places of the next one");
    equal(placesIn(ofVersion, 1, true), [7], "the places of what was served");
    equal(
      placesIn(
        units.filter(({ version }) => version === "v2").flatMap((each) => each.units),
        1,
      ),
      [200],
      "another version's",
    );
    // Asked again, it is the same.
    const again = (await one.collect(experiment, 1, fence)).units.filter(({ version }) => version === "v1");
    const sameWindow = again.flatMap((each) => each.units);
    equal(placesIn(sameWindow, 1), [1, 2, 3, 4], "then");
  },
  "has every place in the evidence, whatever judges in turn have read and folded before": keepsTables,
  "keeps what a process and the judge say of parallel writes": keepsWrites,
  "folds what a judge retires, at once": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
    await one.sync([report({ process: "a", units: [table(1, [1]), table(2, [2])] })]);
    await other.sync([report({ process: "b", units: [table(1, [5])] })]);
    const fence = (await other.claim(experiment, "b", 60_000))!;
    await other.collect(experiment, 1, fence);
    const retired = { processes: ["a"], through: 1, kept: { sums: [1, 2, { three: "3" }] } };
    hold(await other.conclude(experiment, fence, verdict(1), retired), "the verdict was refused");
    const { reports, units, kept } = await other.collect(experiment, 1, fence);
    equal(
      reports.map(({ process }) => process),
      ["b"],
      "the reports",
    );
    equal(
      placesIn(
        units.flatMap((each) => each.units),
        1,
      ),
      [],
      "a folded window",
    );
    equal(
      placesIn(
        units.flatMap((each) => each.units),
        2,
      ),
      [2],
      "the one after it",
    );
    equal(kept, retired.kept, "what was folded");
    // One that was only silent reports again; a judge may see it a little later.
    let present: readonly string[] = [];
    await within3s(async () => {
      await one.sync([report({ process: "a", at: Date.now() })]);
      present = (await other.collect(experiment, 1, fence)).reports.map(({ process }) => process).sort();
      return present.length === 2;
    });
    equal(present, ["a", "b"], "those that came back");
  },
  "says when a process of the present version was heard of, to those of others": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
    hold((await synced(other, { version: "v0" })).presentHeardAt === undefined, "nobody has been heard of");
    const { now } = await one.sync([report({ process: "a", version: "v1" })]);
    const heardAt = (await synced(other, { version: "v0" })).presentHeardAt;
    hold(heardAt !== undefined && Math.abs(heardAt - now) < 5_000, `heard of at ${heardAt}, and it was ${now}`);
  },
  "forgets an experiment, and no other": async ({ one, other }) => {
    for (const name of [experiment, "stock"]) await one.compareAndSet(name, undefined, initialState(steps, 0));
    await one.sync([report({}), report({ experiment: "stock" })]);
    await other.forget(experiment);
    hold((await synced(one)).state === null, "it is there");
    hold((await stateOf(one, "stock")) !== undefined, "another one is gone");
    hold(await one.compareAndSet(experiment, undefined, initialState(steps, 0)), "a new one was refused");
  },
  "tells watchers of a change, and no more when they have gone": async ({ one, other }) => {
    if (other.watch === undefined) return;
    const heard: string[] = [];
    const stop = other.watch((name) => heard.push(name));
    const first = initialState(steps, 0);
    // It may take a while until it listens.
    let state = first;
    await one.compareAndSet(experiment, undefined, first);
    for (const startedAt = Date.now(); heard.length === 0 && Date.now() - startedAt < 3_000;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (heard.length > 0) break;
      const before = state;
      state = next(before);
      hold(await one.compareAndSet(experiment, before.id, state), "the expected state was there");
    }
    hold(heard.includes(experiment), "nobody was told");
    stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const told = heard.length;
    await one.compareAndSet(experiment, state.id, next(state));
    await new Promise((resolve) => setTimeout(resolve, 100));
    hold(heard.length === told, "a watcher that has gone was told");
  },
};

/**
 * Registers the tests that every store of rollouts has to pass: one successor a state, in 8 processes at once; a judge's
 * lease and its fence; evidence that adds up.
 *
 * Fails by throwing, so that it runs under vitest, jest and `node:test` alike.
 *
 * @param name of the store, for the tests' titles
 * @param open makes a fresh one for each test
 * @param runner by default the global `describe` and `it`
 * @example testStore('redisStore', () => ({ views: [redisStore({ client }), redisStore({ client: other })] }))
 */
export function testStore(
  name: string,
  open: () => OpenedStore | Promise<OpenedStore>,
  runner?: TestRunner,
  { times = 1_000 }: StoreSuiteOptions = {},
): void {
  const { describe, it } = runner ?? globalRunner("testStore");
  describe(`${name}, like every store of rollouts,`, () => {
    for (const [law, holds] of Object.entries(laws)) {
      it(law, () => tried(open, ({ views: [one, other] }) => holds({ one, other })));
    }
    it("lets one of 8 processes win each state, so that parents form one line", () =>
      tried(open, async (opened) => {
        const { views, contend = inTurns(views) } = opened;
        const wins = (await contend(times)).flat();
        const byParent = new Map(wins.map((win) => [win.parent, win]));
        hold(byParent.size === wins.length, `${wins.length} states have ${byParent.size} parents`);
        let [length, last] = [0, byParent.get(undefined)];
        for (let at = last; at !== undefined; at = byParent.get(at.id)) {
          length++;
          last = at;
        }
        hold(length === wins.length, `${wins.length} states were written, and ${length} are in line`);
        equal((await stateOf(views[1], "contended"))?.id, last?.id, "the last state");
      }));
  });
}

function inTurns(views: OpenedStore["views"]): NonNullable<OpenedStore["contend"]> {
  return async (times) =>
    Promise.all(
      Array.from({ length: 8 }, async (_, index) => contendFor(views[index % 2]!, `process-${index}`, times)),
    );
}

async function tried(
  open: () => OpenedStore | Promise<OpenedStore>,
  holds: (opened: OpenedStore) => Promise<void>,
): Promise<void> {
  const opened = await open();
  try {
    await holds(opened);
  } finally {
    await opened.cleanUp?.();
  }
}
