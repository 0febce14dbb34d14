import { setTimeout as sleep } from "node:timers/promises";
import { seeded } from "../stats/sample.ts";
import { eventually, member, type Member, type Target } from "./member.ts";
import { faults, startProxy, type Fault, type Proxy } from "./proxy.ts";

/** What became of one schedule. */
export interface Partition {
  readonly kind: Target["kind"];
  readonly seed: number;
  /** What happened, to be read where something is wrong. */
  readonly story: readonly string[];
  /** How long after the rollback was acknowledged the candidate last answered, in each process; 0 where it did not. */
  readonly servedMs: readonly number[];
  /** Whether something was wrong with each process's way to the store between the rollback and the bound. */
  readonly disturbed: readonly boolean[];
  /** What broke the promise, or should not happen. */
  readonly problems: readonly string[];
  /** Why it could not be played to its end: a client that did not come back, or a machine too busy to begin. */
  readonly unfinished: readonly string[];
}

export const staleAfterMs = 1_000;
export const pollMs = 200;
/** After an acknowledged rollback no process serves the candidate later than this: a poll is late by a fifth at most. */
export const boundMs: number = staleAfterMs + 1.2 * pollMs;

const processes = 3;
const persons = ["pause", "stepBack", "advance", "rollback", "compare"] as const;
const by = "Ada";

interface Disturbed extends Member {
  readonly proxy: Proxy;
}

/**
 * Three laboratories with clients of their own, each on its own way to one server; the candidate serves in all. Then a rollback in one of
 * them, what persons do in others, and faults of the ways, at random moments.
 */
export async function partition(target: Target, seed: number): Promise<Partition> {
  const random = seeded(seed);
  const pick = <Value>(from: readonly Value[]): Value => from[Math.floor(random() * from.length)]!;
  const between = (low: number, high: number): number => low + random() * (high - low);
  const story: string[] = [];
  const problems: string[] = [];
  const unfinished: string[] = [];
  const experiment = `price-${seed}`;
  const members = await Promise.all(Array.from({ length: processes }, async () => join(target, experiment)));
  const startedAt = performance.now();
  const say = (what: string): void => void story.push(`${Math.round(performance.now() - startedAt)} ms: ${what}`);
  // Drawn before anything happens, so that a seed is a schedule whatever the machine does.
  const rollsBack = Math.floor(random() * processes);
  const rollbackAt = between(100, 700);
  const disturbances = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    of: Math.floor(random() * processes),
    fault: pick(faults),
    at: between(0, 900),
    lasts: between(200, 3_000),
    delayMs: between(50, 1_500),
    breaks: random() < 0.3,
  }));
  const deeds = Array.from({ length: Math.floor(random() * 3) }, () => ({
    of: Math.floor(random() * processes),
    what: pick(persons),
    at: between(0, 1_500),
  }));

  let acknowledgedAt = Infinity;
  const lastServed = new Array<number>(processes).fill(-Infinity);
  const faulty = new Array<number>(processes).fill(0);
  const disturbed = new Array<boolean>(processes).fill(false);
  try {
    await begun(members);
    const watch = setInterval(() => {
      members.forEach(({ serves }, index) => {
        const at = performance.now();
        if (serves()) lastServed[index] = at;
        if (faulty[index]! > 0 && at > rollbackFrom && at < acknowledgedAt + boundMs) disturbed[index] = true;
      });
      const { state, synchronized } = members[rollsBack]!.rolling.status();
      if (acknowledgedAt === Infinity && synchronized && state.mode === "rolled-back") {
        acknowledgedAt = performance.now();
        say("the rollback is acknowledged");
      }
    }, 5);
    let rollbackFrom = Infinity;
    const ends = await Promise.allSettled([
      ...disturbances.map(async ({ of, fault, at, lasts, delayMs, breaks }) => {
        await sleep(at);
        say(
          `${fault} of ${of} for ${Math.round(lasts)} ms${fault === "delay" ? `, ${Math.round(delayMs)} ms late` : ""}`,
        );
        disturb(members[of]!.proxy, fault, delayMs);
        faulty[of]!++;
        await sleep(lasts);
        if (breaks) members[of]!.proxy.disturb("cut");
        faulty[of]!--;
        // Another one of the same way goes on.
        if (faulty[of] === 0) members[of]!.proxy.mend();
      }),
      ...deeds.map(async ({ of, what, at }) => {
        await sleep(at);
        const { rolling } = members[of]!;
        const done =
          what === "compare" ?
            rolling.compare(1, { by: "Ben" })
          : rolling[what]({ by: "Ben", reason: "a person's own reason" });
        say(
          await done.then(
            () => `${what} in ${of}`,
            (error: unknown) => `${what} in ${of} was refused: ${String(error)}`,
          ),
        );
      }),
      (async () => {
        await sleep(rollbackAt);
        rollbackFrom = performance.now();
        say(`rollback in ${rollsBack}`);
        try {
          await members[rollsBack]!.rolling.rollback({ by, reason: "wrong totals" });
        } catch (error) {
          // A person may have been first.
          if (!String(error).includes("It is rolled back already")) throw error;
        }
      })(),
    ]);
    for (const end of ends) if (end.status === "rejected") problems.push(String(end.reason));
    await eventually(() => acknowledgedAt < Infinity, 30_000, "the rollback is acknowledged");
    await sleep(boundMs + 300);
    clearInterval(watch);
    await eventually(
      () =>
        members.every(({ rolling }) => {
          const { state, synchronized } = rolling.status();
          return synchronized && state.mode === "rolled-back";
        }),
      30_000,
      "all processes have the rollback once their ways are mended",
    );
    if (new Set(members.map(({ rolling }) => rolling.status().state.id)).size > 1)
      await eventually(
        () => new Set(members.map(({ rolling }) => rolling.status().state.id)).size === 1,
        3_000,
        "all processes have one state",
      );
  } catch (error) {
    unfinished.push(String(error));
    for (const { rolling, faults: said } of members) {
      const { state, synchronized, stale } = rolling.status();
      unfinished.push(
        JSON.stringify({ share: state.share, mode: state.mode, synchronized, stale, said: said.slice(-3) }),
      );
    }
  } finally {
    for (const { proxy } of members) proxy.mend();
    await Promise.all(members.map(async ({ close }) => close()));
  }
  const servedMs = lastServed.map((at) => Math.max(0, at - acknowledgedAt));
  for (const [index, ms] of servedMs.entries())
    if (!(ms <= boundMs)) problems.push(`The candidate answered in ${index} ${Math.round(ms)} ms after the rollback`);
  return { kind: target.kind, seed, story, servedMs, disturbed, problems, unfinished };
}

function disturb(proxy: Proxy, fault: Fault, delayMs: number): void {
  proxy.mend();
  proxy.disturb(fault, delayMs);
}

/** The candidate serves in all; where others keep the machine busy, that may take more than one attempt. */
async function begun(members: readonly Member[]): Promise<void> {
  for (let attempt = 0; members.some(({ serves }) => !serves()); attempt++) {
    try {
      const { share } = members[0]!.rolling.status().state;
      if (share === 0) await members[0]!.rolling.advance({ by });
      await eventually(() => members.every(({ serves }) => serves()), 5_000, "the candidate serves in all processes");
    } catch (error) {
      if (attempt >= 20) throw error;
    }
  }
}

async function join(target: Target, experiment: string): Promise<Disturbed> {
  const proxy = await startProxy(target.port);
  const way = { kind: target.kind, port: proxy.port };
  const joined = await member(way, experiment, { checkEveryMs: pollMs, staleAfterMs });
  return {
    ...joined,
    proxy,
    async close() {
      await joined.close();
      await proxy.close();
    },
  };
}
