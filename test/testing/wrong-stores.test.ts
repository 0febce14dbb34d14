import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/rollout/stores/memory.ts";
import type {
  Evidence,
  ProcessReport,
  ReportedUnits,
  RolloutStore,
  SyncedState,
} from "../../src/rollout/stores/store.ts";
import { testStore } from "../../src/testing/test-store.ts";

/** Claims as the store does, and remembers who has the lease under which fence. */
function remembering(store: RolloutStore, fences: Map<string, number>): RolloutStore["claim"] {
  return async (experiment, process, ttlMs) => {
    const fence = await store.claim(experiment, process, ttlMs);
    if (fence !== undefined) fences.set(experiment, fence);
    return fence;
  };
}

/** A store whose answers to exchanges are changed, one experiment's at a time. */
function answering(
  store: RolloutStore,
  change: (answer: SyncedState, experiment: string, knows: string | undefined) => SyncedState,
): RolloutStore {
  return {
    ...store,
    async sync(reports) {
      const { now, states } = await store.sync(reports);
      const knows = new Map(reports.map((each) => [each.experiment, each.knows]));
      const changed = Object.entries(states).map(([name, each]) => [name, change(each, name, knows.get(name))]);
      return { now, states: Object.fromEntries(changed) as Record<string, SyncedState> };
    },
  };
}

function collecting(store: RolloutStore, change: (evidence: Evidence, epoch: number) => Evidence): RolloutStore {
  return { ...store, collect: async (name, epoch, fence) => change(await store.collect(name, epoch, fence), epoch) };
}

function withUnits(
  evidence: Evidence,
  change: (units: readonly ReportedUnits[]) => readonly ReportedUnits[],
): Evidence {
  return { ...evidence, units: evidence.units.map((each) => ({ ...each, units: change(each.units) })) };
}

/** A store that writes every judge's verdict. @param refuses whether it says that it did not write an old one's */
function concludingAny(store: RolloutStore, refuses: boolean): RolloutStore {
  const fences = new Map<string, number>();
  return {
    ...store,
    claim: remembering(store, fences),
    async conclude(name, fence, verdict, retired) {
      const takes = await store.conclude(name, fences.get(name)!, verdict, retired);
      return refuses ? fence === fences.get(name) : takes;
    },
  };
}

/** What is wrong with a store, how it comes to be, and what the suite says of it. */
const wrongs: readonly (readonly [about: string, wrong: (store: RolloutStore) => RolloutStore, says: RegExp])[] = [
  [
    "writes whatever is expected",
    (store) => {
      const ids = new Map<string, string>();
      return {
        ...store,
        async compareAndSet(name, _, next) {
          if (!(await store.compareAndSet(name, ids.get(name), next))) return false;
          ids.set(name, next.id);
          return true;
        },
      };
    },
    /^there was no state to replace$/,
  ],
  [
    "lets two win, now and then",
    (store) => {
      const last = new Map<string, { readonly expected: string | undefined; readonly id: string }>();
      let seconds = 0;
      return {
        ...store,
        async compareAndSet(name, expected, next) {
          const before = last.get(name);
          const second = before?.expected === expected && name === "contended" && ++seconds % 3 === 0;
          const wins = await store.compareAndSet(name, second ? before?.id : expected, next);
          if (wins) last.set(name, { expected, id: next.id });
          return wins;
        },
      };
    },
    /states have \d+ parents$/,
  ],
  [
    "loses a write that it acknowledged",
    (store) => {
      let writes = 0;
      return {
        ...store,
        compareAndSet: async (name, expected, next) =>
          (name === "contended" && ++writes % 97 === 0) || store.compareAndSet(name, expected, next),
      };
    },
    /states (have \d+ parents|were written, and \d+ are in line)$/,
  ],
  [
    "sends states of a moment ago",
    (store) => {
      const written = new Map<string, [RolloutState?: unknown, present?: unknown]>();
      const late = answering(store, (answer, name) =>
        answer.state === undefined ? answer : ({ ...answer, state: written.get(name)?.[0] ?? null } as SyncedState),
      );
      return {
        ...late,
        async compareAndSet(name, expected, next) {
          const wins = await store.compareAndSet(name, expected, next);
          if (wins) written.set(name, [written.get(name)?.[1], next]);
          return wins;
        },
      };
    },
    /^the state: expected .*, got/,
  ],
  [
    "sends no state to those who know another one",
    (store) =>
      answering(store, ({ state, ...answer }, _, knows) => ({
        ...answer,
        ...(!knows && state !== undefined && { state }),
      })),
    /^the state, for one who knows another one: expected/,
  ],
  [
    "takes a state that is not there for one that is known",
    (store) => answering(store, ({ state, ...answer }) => ({ ...answer, ...(state && { state }) })),
    /^a state that is not there must be null$/,
  ],
  [
    "cuts long states",
    (store) => ({
      ...store,
      compareAndSet: async (name, expected, next) =>
        store.compareAndSet(name, expected, { ...next, history: next.history.slice(0, 10) }),
    }),
    /^the state, for one who knows another one: expected/,
  ],
  [
    "tells seconds",
    (store) => ({
      ...store,
      async sync(reports) {
        const { now, states } = await store.sync(reports);
        return { now: now / 1_000, states };
      },
    }),
    /^of 100 ms \d+\.\d+ passed/,
  ],
  [
    "has fences that begin anew",
    (store) => {
      const least = new Map<string, number>();
      const raw = (name: string, fence: number): number => fence + (least.get(name) ?? 0);
      return {
        ...store,
        async claim(name, process, ttlMs) {
          const fence = await store.claim(name, process, ttlMs);
          const told = fence === undefined ? undefined : fence - (least.get(name) ?? 0);
          if (ttlMs === 0) least.set(name, fence ?? 0);
          return told;
        },
        collect: async (name, epoch, fence) => store.collect(name, epoch, raw(name, fence)),
        conclude: async (name, fence, ...more) => store.conclude(name, raw(name, fence), ...more),
      };
    },
    /^the fence was 1, and then 1$/,
  ],
  ["takes verdicts of old judges", (store) => concludingAny(store, false), /^an old judge wrote a verdict$/],
  [
    "refuses verdicts of old judges, and keeps them",
    (store) => concludingAny(store, true),
    /^an old judge's verdict was refused, and is there$/,
  ],
  [
    "hands evidence to old judges",
    (store) => {
      const fences = new Map<string, number>();
      const collect: RolloutStore["collect"] = async (name, epoch) => store.collect(name, epoch, fences.get(name)!);
      return { ...store, claim: remembering(store, fences), collect };
    },
    /^an old judge got the evidence$/,
  ],
  [
    "lets go of leases that are another's",
    (store) => {
      const holders = new Map<string, string>();
      return {
        ...store,
        async claim(name, process, ttlMs) {
          const holder = holders.get(name);
          if (ttlMs === 0 && holder !== undefined && holder !== process) {
            await store.claim(name, holder, 0);
            return undefined;
          }
          const fence = await store.claim(name, process, ttlMs);
          if (fence !== undefined) holders.set(name, process);
          return fence;
        },
      };
    },
    /^a process let another one's lease go$/,
  ],
  [
    "has leases that do not last",
    (store) => ({ ...store, claim: async (name, process, ttlMs) => store.claim(name, process, Math.min(ttlMs, 1)) }),
    /^two processes have the lease$/,
  ],
  [
    "has leases that never run out",
    (store) => ({ ...store, claim: async (name, process, ttlMs) => store.claim(name, process, ttlMs && Infinity) }),
    /^the fence was 1, and then undefined$/,
  ],
  [
    "tells a verdict once",
    (store) => {
      const told = new Set<string>();
      return answering(store, ({ verdict, ...answer }, name) => {
        const isNew = verdict !== undefined && !told.has(`${name} ${verdict.at}`);
        if (isNew) told.add(`${name} ${verdict.at}`);
        return { ...answer, ...(isNew && { verdict }) };
      });
    },
    /^the verdict: expected/,
  ],
  [
    "loses a report",
    (store) => collecting(store, (evidence) => ({ ...evidence, reports: evidence.reports.slice(1) })),
    /^the reports: expected/,
  ],
  [
    "loses who has left",
    (store) =>
      collecting(store, (evidence) => ({
        ...evidence,
        reports: evidence.reports.map((each): ProcessReport => ({ ...each, leaves: false as unknown as true })),
      })),
    /^whether it was a process's last report: expected/,
  ],
  [
    "loses when reports came",
    (store) =>
      collecting(store, (evidence) => ({ ...evidence, reports: evidence.reports.map((each) => ({ ...each, at: 0 })) })),
    /and a report or all of them are of 0$/,
  ],
  [
    "loses what was bad",
    (store) =>
      collecting(store, (evidence) => withUnits(evidence, (units) => units.map((each) => ({ ...each, gates: {} })))),
    /^the bad ones of these: expected/,
  ],
  [
    "loses what was served",
    (store) =>
      collecting(store, (evidence) => withUnits(evidence, (units) => units.filter(({ served }) => served !== true))),
    /^the places of what was served: expected/,
  ],
  [
    "folds away what is of a later epoch",
    (store) => {
      let first: number | undefined;
      return collecting(store, (evidence, epoch) => {
        first ??= epoch;
        return epoch > first ? withUnits(evidence, () => []) : evidence;
      });
    },
    /^the places of the later epoch: expected/,
  ],
  [
    "loses what was folded, when nothing more is",
    (store) => ({
      ...store,
      conclude: async (name, fence, verdict, retired) =>
        store.conclude(name, fence, verdict, retired ?? { processes: [], kept: null }),
    }),
    /^what was folded, when nothing more is: expected/,
  ],
  ["forgets nothing", (store) => ({ ...store, forget: async () => Promise.resolve() }), /^it is there$/],
  [
    "forgets the state alone",
    (store) => {
      const ids = new Map<string, string>();
      const gone = new Set<string>();
      const half = answering(store, (answer, name) => (gone.has(name) ? { state: null } : answer));
      return {
        ...half,
        async forget(name) {
          gone.add(name);
          return Promise.resolve();
        },
        async compareAndSet(name, expected, next) {
          const wins = await store.compareAndSet(name, gone.has(name) ? ids.get(name) : expected, next);
          if (wins) ids.set(name, next.id);
          if (wins) gone.delete(name);
          return wins;
        },
      };
    },
    /^the fence was \d+, and then undefined$/,
  ],
  ["tells no watcher", (store) => ({ ...store, watch: () => () => undefined }), /^nobody was told$/],
];

/** What each law says of a store that does not keep it. */
async function failuresOf(name: string, open: () => RolloutStore): Promise<readonly string[]> {
  const laws: (() => unknown)[] = [];
  const runner = {
    describe: (_: string, body: () => void) => body(),
    it: (_: string, law: () => unknown) => void laws.push(law),
  };
  const views = (): { views: [RolloutStore, RolloutStore] } => {
    const store = open();
    return { views: [store, { ...store }] };
  };
  testStore(name, views, runner, { times: 100 });
  const said = await Promise.allSettled(laws.map(async (law) => law()));
  return said.flatMap((each) => (each.status === "rejected" ? (each.reason as Error).message : []));
}

describe("testStore", () => {
  it("has nothing to say of a store that keeps what it promises", { timeout: 60_000 }, async () => {
    expect(await failuresOf("right", memoryStore)).toEqual([]);
  });

  it.each(wrongs)("finds out a store that %s", { timeout: 60_000 }, async (about, wrong, says) => {
    const said = await failuresOf(about, () => wrong(memoryStore()));
    expect(said).toContainEqual(expect.stringMatching(says));
    for (const each of said) expect(each.length).toBeLessThan(3_000);
  });
});
