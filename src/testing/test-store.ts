import { initialState } from "../rollout/state.ts";
import type { RolloutStore } from "../rollout/stores/store.ts";
import { equal, hold } from "./hold.ts";
import { forgets, leaseLaws } from "./store-leases.ts";
import {
  contendFor,
  experiment,
  longState,
  next,
  report,
  stateOf,
  steps,
  synced,
  type StoreLaws,
  type Win,
} from "./store-questions.ts";
import { reportLaws } from "./store-reports.ts";
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

const laws: StoreLaws = {
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
    const second = longState(first);
    hold(await one.compareAndSet(experiment, first.id, second), "a long state was refused");
    for (const knows of [first.id, "of nobody"])
      equal((await synced(other, { knows })).state, second, "the state, for one who knows another one");
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
  "tells a time in milliseconds, which goes on": async ({ one, other }) => {
    const at = async (store: RolloutStore): Promise<number> =>
      (await store.sync([report({ at: Date.now(), process: "a" })])).now;
    const before = await at(one);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const passedMs = (await at(other)) - before;
    hold(passedMs >= 50 && passedMs < 60_000, `of 100 ms ${passedMs} passed, after ${before}`);
  },
  ...leaseLaws,
  ...reportLaws,
  "has every place in the evidence, whatever judges in turn have read and folded before": keepsTables,
  "keeps what a process and the judge say of parallel writes": keepsWrites,
  "says when a process of the present version was heard of, to those of others": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
    hold((await synced(other, { version: "v0" })).presentHeardAt === undefined, "nobody has been heard of");
    const { now } = await one.sync([report({ process: "a", version: "v1" })]);
    const heardAt = (await synced(other, { version: "v0" })).presentHeardAt;
    hold(heardAt !== undefined && Math.abs(heardAt - now) < 5_000, `heard of at ${heardAt}, and it was ${now}`);
  },
  "forgets an experiment, and no other": forgets,
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
