// How soon do 100 processes hear of a rollback, and what does a judge's check take?
// Run with `npm run bench:fleet`; needs a real PostgreSQL and Redis on the machine. `npm run bench:fleet check` or `heard` runs a part.
import { fork, type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fixedClock } from "../src/testing/fixed-clock.ts";
import { memoryStore } from "../src/rollout/stores/memory.ts";
import { newsIn, newsOf } from "../src/rollout/stores/shared.ts";
import type { RolloutStore } from "../src/rollout/stores/store.ts";
import { transition } from "../src/rollout/transition.ts";
import { migrations } from "../src/rollout/stores/postgresql.ts";
import { member, until, type Member, type Target } from "../test/real/member.ts";
import { startPostgresql } from "../test/real/postgresql.ts";
import { startRedis } from "../test/real/redis.ts";
import { started, unloaded, type Process } from "../test/rollout/fleet/process.ts";
import { call } from "../test/rollout/host.ts";

const by = "bench";
const processes = 4;
const wallNow = (): number => performance.timeOrigin + performance.now();
const [as = "", kind = "", port = "", count = "", pollMs = "", watches = ""] = process.argv.slice(2);

/** Some of a fleet's members, in a process of their own: tells when each of them stopped serving. */
async function child(): Promise<void> {
  const target = { kind: kind as Target["kind"], port: Number(port) };
  const options = { checkEveryMs: Number(pollMs), staleAfterMs: 60_000, minimumTimeMs: 3_600_000 };
  const members: Member[] = [];
  for (let index = 0; index < Number(count); index++)
    members.push(await member(target, "price", options, () => 0, watches === "true"));
  const isServing = ({ rolling }: Member): boolean => rolling.current().share > 0;
  let heard = new Map<Member, number>();
  let wasServing = false;
  setInterval(() => {
    if (members.every(isServing) && !wasServing) {
      wasServing = true;
      heard = new Map();
      process.send!("serving");
    }
    if (!wasServing) return;
    for (const each of members) if (!heard.has(each) && !isServing(each)) heard.set(each, wallNow());
    if (heard.size < members.length) return;
    wasServing = false;
    process.send!([...heard.values()]);
  }, 1);
  process.send!("ready");
}

function children(target: Target, of: { count: number; pollMs: number; watches: boolean }): ChildProcess[] {
  const given = [target.kind, target.port, of.count, of.pollMs, of.watches].map(String);
  return Array.from({ length: processes }, () => fork(import.meta.filename, ["child", ...given]));
}

function messages(from: readonly ChildProcess[], is: (message: unknown) => boolean): Promise<unknown[]> {
  return Promise.all(
    from.map(
      (each) =>
        new Promise<unknown>((resolve) => {
          const listen = (message: unknown): void => {
            if (!is(message)) return;
            each.off("message", listen);
            resolve(message);
          };
          each.on("message", listen);
        }),
    ),
  );
}

async function heardOf(target: Target, isWatched: boolean): Promise<void> {
  const pollEveryMs = isWatched ? 10_000 : 1_000;
  const fleet = children(target, { count: 25, pollMs: pollEveryMs, watches: isWatched });
  await messages(fleet, (message) => message === "ready");
  const { rolling, close } = await member(
    target,
    "price",
    { checkEveryMs: pollEveryMs, staleAfterMs: 60_000 },
    () => 0,
    isWatched,
  );
  await until(() => rolling.status().synchronized, 20_000, "the state is known");
  const took: number[] = [];
  for (let round = 0; round < 5; round++) {
    const serving = messages(fleet, (message) => message === "serving");
    await rolling.advance({ by });
    await serving;
    const hearing = messages(fleet, Array.isArray);
    const startedAt = wallNow();
    await rolling.rollback({ by, reason: "measured" });
    took.push(...((await hearing) as number[][]).flat().map((at) => at - startedAt));
    await rolling.clear({ by });
    await sleep(isWatched ? 200 : 1_500);
  }
  took.sort((a, b) => a - b);
  const at = (share: number): string => `${Math.round(took[Math.floor(share * (took.length - 1))]!)} ms`;
  console.log(
    `${target.kind}, ${isWatched ? "watched" : "a poll of 1 s alone"}: 100 processes heard of ${took.length / 100} rollbacks, half after ${at(0.5)}, 99 % after ${at(0.99)}, all after ${at(1)}`,
  );
  for (const each of fleet) each.kill();
  await close();
}

/** What 100 processes work until none of them serves, in one thread: by the news of a rollback, and by asking a store in memory. */
async function heardIn(rounds: number): Promise<void> {
  const clock = fixedClock();
  const inner = memoryStore();
  const watchers: ((experiment: string, heard?: unknown) => void)[] = [];
  const tell = (...news: readonly [string, unknown?]): void => {
    for (const watcher of watchers) watcher(...news);
  };
  const store = (): RolloutStore => ({
    ...inner,
    sync: (reports) => inner.sync(reports),
    watch: (onChange) => {
      watchers.push(onChange);
      return () => undefined;
    },
  });
  const fleet: Process[] = [];
  for (let index = 0; index < 100; index++)
    fleet.push(await started(store(), clock, { steps: [0.5], minimumTimeMs: 3_600_000 }));
  const isServing = (): boolean => fleet.some(({ ramp }) => ramp.current().share > 0);
  const [first] = fleet;
  const took = { news: [] as number[], asking: [] as number[] };
  for (let round = 0; round < 2 * rounds; round++) {
    await first!.ramp.advance({ by });
    tell("price");
    await clock.advanceAsync(0);
    const { state } = first!.ramp.status();
    const next = transition(state, { kind: "rollback", by, reason: "measured", at: clock.now() });
    await inner.compareAndSet("price", state.id, next);
    const news = newsOf("price", next);
    const startedAt = performance.now();
    if (round % 2 === 0) for (const watcher of watchers) watcher(...newsIn(news));
    else tell("price");
    while (isServing()) await Promise.resolve();
    took[round % 2 === 0 ? "news" : "asking"].push(performance.now() - startedAt);
    await clock.advanceAsync(2_500);
    await first!.ramp.clear({ by });
    tell("price");
    await clock.advanceAsync(0);
  }
  const half = (of: number[]): string => of.sort((a, b) => a - b)[of.length >> 1]!.toFixed(1);
  console.log(
    `100 processes in one stop serving within ${half(took.news)} ms by the news, and within ${half(took.asking)} ms by asking a store in memory (half of ${rounds} rounds)`,
  );
}

/** A judge's polls of 100 experiments: all of one store, which it asks once for all, or each of a store of its own. */
async function check(isOne: boolean): Promise<void> {
  const clock = fixedClock();
  const shared = memoryStore();
  let isJudging = true;
  const stores = Array.from({ length: 100 }, () => (isOne ? shared : memoryStore()));
  const begun = async (calls: readonly string[]): Promise<readonly Process[]> => {
    // Each process has an exchange of its own.
    const ways = new Map<RolloutStore, RolloutStore>();
    const wayTo = (store: RolloutStore): RolloutStore => {
      const claim: RolloutStore["claim"] = async (...given) => (isJudging ? store.claim(...given) : undefined);
      const way = ways.get(store) ?? { ...store, claim, watch: () => () => undefined };
      ways.set(store, way);
      return way;
    };
    const ramps = stores.map((store, index) =>
      unloaded(wayTo(store), clock, { minimumTimeMs: 3_600_000 }, `price-${isOne ? index : 0}`),
    );
    await clock.advanceAsync(0);
    for (const { ramp, host } of ramps) for (const key of calls) call(ramp, host, { key });
    return ramps;
  };
  for (let past = 0; past < 50; past++) {
    const gone = await begun(Array.from({ length: 5 }, (_, index) => `customer-${past}-${index}`));
    await clock.advanceAsync(0);
    await Promise.all(gone.map(async ({ ramp }) => ramp.close!()));
  }
  const judge = await begun(Array.from({ length: 200 }, (_, index) => `customer-${index}`));
  const polls = async (count: number, before: () => void = () => undefined): Promise<readonly number[]> => {
    const took: number[] = [];
    for (let poll = 0; poll < count; poll++) {
      before();
      const start = process.cpuUsage();
      await clock.advanceAsync(10_000);
      const { user, system } = process.cpuUsage(start);
      took.push((user + system) / 1_000);
    }
    return took;
  };
  // Who asks every 10 s give or take a fifth asks every 10 s here, so that each has one poll.
  Math.random = () => 0.5;
  // For a minute those that have ended are kept apart, and then folded.
  const lately = await polls(6);
  await polls(2);
  const before = await polls(30);
  const called = await polls(12, () => {
    for (const { ramp, host } of judge)
      for (let index = 0; index < 20; index++) call(ramp, host, { key: `customer-${index}` });
  });
  isJudging = false;
  await polls(2);
  const exchanged = await polls(12);
  console.log(`100 experiments with 50 processes each, ${isOne ? "in one store" : "each in a store of its own"}:`);
  for (const [what, took] of [
    ["that ended in the last minute", lately],
    ["that ended before", before],
    ["that ended before, and 20 calls of each between polls", called],
    ["that ended before, while another process judges: the exchange alone", exchanged],
  ] as const) {
    const sorted = [...took].sort((one, other) => one - other);
    console.log(
      `  ${what}: a poll of all takes ${sorted[0]!.toFixed(0)} to ${sorted.at(-1)!.toFixed(0)} ms of CPU, half of them up to ${sorted[Math.floor(sorted.length / 2)]!.toFixed(0)} ms`,
    );
  }
}

if (as === "child") await child();
else {
  if (as !== "check") await heardIn(20);
  if (as !== "heard") for (const isOne of [true, false]) await check(isOne);
  if (as === "check") process.exit(0);
  const redis = await startRedis();
  const postgresql = await startPostgresql({ connections: 500 });
  for (const sql of migrations()) await postgresql.psql(`${sql};`);
  for (const isWatched of [true, false])
    for (const target of [
      { kind: "Redis", port: redis.port },
      { kind: "PostgreSQL", port: postgresql.port },
    ] as const)
      await heardOf(target, isWatched);
  await redis.stop();
  await postgresql.stop();
  process.exit(0);
}
