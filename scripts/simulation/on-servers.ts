import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/model/clock.ts";
import type { RolloutEvent } from "../../src/model/rollout.ts";
import { migrations } from "../../src/rollout/stores/postgresql.ts";
import { startPostgresql, withoutPostgresql } from "../../test/real/postgresql.ts";
import { startRedis, withoutRedis } from "../../test/real/redis.ts";
import type { ChildOptions, ToChild } from "./child.ts";
import type { Simulation } from "./in-memory.ts";
import type { Load } from "./measured-store.ts";
import { begin, type Pace } from "./story.ts";
import type { Column } from "./tables.ts";
import { usageOf } from "./usage.ts";

export type RealStore = ChildOptions["store"];

/** Why a store cannot be tried here, or `undefined`. */
export const missing: Readonly<Record<RealStore, string | undefined>> = {
  file: undefined,
  PostgreSQL: withoutPostgresql,
  Redis: withoutRedis,
};

interface Server {
  /** A folder, or a port. */
  readonly at: string;
  readonly pid?: number;
  stop(): Promise<void>;
}

const children = 4;

interface Ended {
  readonly load: Load;
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
}

type FromChild =
  | { readonly ready: true }
  | { readonly told: RolloutEvent }
  | { readonly serving: Readonly<Record<string, number>> }
  | { readonly asked: number; readonly error?: string }
  | Ended;

/** A fleet in four processes of the machine, each client with a connection of its own, by the machine's clock. */
export async function onServer(kind: RealStore, simulation: Simulation): Promise<Column> {
  const { processes, keys, callsPerMinute, minutes, pollMs, seed } = simulation;
  const pace: Pace = { trialMs: 150_000, goodMs: 60_000, stepMs: 60_000, everyMs: 50, pollMs };
  const server = await startServer(kind, processes);
  const told: RolloutEvent[] = [];
  const serving: Record<string, number>[] = [];
  const asked = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const ended: Ended[] = [];
  let ready = 0;
  const crew: ChildProcess[] = [];
  for (let index = 0; index < children; index++) {
    const first = Math.floor((index * processes) / children);
    const until = Math.floor(((index + 1) * processes) / children);
    const options: ChildOptions = {
      ...{ store: kind, at: server.at, first, processes: until - first, keys, callsPerMinute, pace },
      seed: seed + index,
    };
    const child = fork(join(import.meta.dirname, "child.ts"), [JSON.stringify(options)], {
      execArgv: ["--import", "tsx"],
    });
    child.on("message", (message: FromChild) => {
      if ("ready" in message) ready++;
      else if ("told" in message) told.push(message.told);
      else if ("serving" in message) serving[index] = message.serving;
      else if ("asked" in message) {
        const { resolve, reject } = asked.get(message.asked)!;
        if (message.error === undefined) resolve();
        else reject(new Error(message.error));
      } else ended.push(message);
    });
    crew.push(child);
  }
  const send = (to: ChildProcess, message: ToChild): void => void to.send(message);
  try {
    await all(() => ready, 900_000);
    let number = 0;
    const failed: unknown[] = [];
    const outcome = begin(
      {
        ...{ clock: systemClock, processes, told },
        set(experiment, quality) {
          for (const child of crew) send(child, { set: { experiment, quality } });
        },
        ask: async (experiment, deed) =>
          new Promise<void>((resolve, reject) => {
            asked.set(++number, { resolve, reject });
            send(crew[0]!, { ask: { experiment, deed }, number });
          }),
        serving: (experiment) => serving.reduce((sum, each) => sum + (each[experiment] ?? 0), 0),
      },
      pace,
      Math.random,
      (error) => void failed.push(error),
    );
    const before = server.pid === undefined ? undefined : usageOf(server.pid);
    const startedAt = performance.now();
    while (performance.now() - startedAt < minutes * 60_000 && failed.length === 0) await sleep(100);
    const tookMs = performance.now() - startedAt;
    if (failed.length > 0) throw failed[0];
    const after = server.pid === undefined ? undefined : usageOf(server.pid);
    for (const child of crew) send(child, { end: true });
    await all(() => ended.length, 30_000);
    return {
      ...{ store: kind, pollMs, minutes, processes, outcome: outcome() },
      load: ended.map(({ load }) => load).reduce(added),
      calls: ended.reduce((sum, { calls }) => sum + calls, 0),
      faults: ended.map(({ faults }) => faults).reduce(sums),
      ...(before &&
        after && { server: { cpuShare: (after.cpuMs - before.cpuMs) / tookMs, megabytes: after.megabytes } }),
    };
  } finally {
    for (const child of crew) child.kill("SIGKILL");
    await server.stop();
  }
}

async function all(count: () => number, forMs: number): Promise<void> {
  const startedAt = performance.now();
  while (count() < children) {
    if (performance.now() - startedAt > forMs) throw new Error("A process of the simulation does not answer");
    await sleep(50);
  }
}

async function startServer(kind: RealStore, processes: number): Promise<Server> {
  if (kind === "Redis") {
    const { port, pid, stop } = await startRedis();
    return { at: String(port), pid, stop };
  }
  if (kind === "PostgreSQL") {
    const server = await startPostgresql({ connections: processes + 20 });
    for (const sql of migrations()) await server.psql(`${sql};`);
    return { at: String(server.port), pid: server.pid, stop: server.stop };
  }
  const folder = mkdtempSync(join(tmpdir(), "sidelane-simulation-"));
  return {
    at: folder,
    async stop() {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

function added(one: Load, other: Load): Load {
  return {
    calls: sums(one.calls, other.calls),
    weighed: {
      exchanges: one.weighed.exchanges + other.weighed.exchanges,
      bytes: one.weighed.bytes + other.weighed.bytes,
    },
  };
}

function sums(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...one };
  for (const [name, value] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}
