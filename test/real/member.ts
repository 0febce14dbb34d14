import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { createClient } from "redis";
import { Laboratory } from "../../src/index.ts";
import { systemClock } from "../../src/model/clock.ts";
import { ramp, type Ramp } from "../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../src/rollout/ramp/ramp-options.ts";
import { postgresqlStore } from "../../src/rollout/stores/postgresql.ts";
import { redisStore } from "../../src/rollout/stores/redis.ts";
import type { RolloutStore } from "../../src/rollout/stores/store.ts";

/** A server that several fleets may share. */
export interface Target {
  readonly kind: "Redis" | "PostgreSQL";
  readonly port: number;
}

/** A laboratory with a client of its own. */
export interface Member {
  readonly experiment: string;
  readonly rolling: Ramp;
  /** The kinds of its ramp's events, and its faults. */
  readonly told: readonly string[];
  readonly faults: readonly string[];
  /** Calls the experiment for a key. @returns who answered */
  call(key: string): string;
  /** Whether the candidate answers a key that is in at the smallest share that served any. */
  serves(): boolean;
  close(): Promise<void>;
}

/** @param skewMs how far its clock is off, as it is now @param watches whether its store does */
export async function member(
  target: Target,
  experiment: string,
  options: RampOptions,
  skewMs: () => number = () => 0,
  watches = true,
): Promise<Member> {
  const { store: watched, close } = await openStore(target);
  const { watch, ...polled } = watched;
  const store = watches && watch ? watched : polled;
  const rolling = ramp({ store, version: "v1", steps: [0.5], ...options });
  const told: string[] = [];
  const faults: string[] = [];
  rolling.on(({ kind }) => told.push(kind));
  const laboratory = new Laboratory({
    publishers: [],
    onFault: ({ error }) => void faults.push(String(error)),
    clock: { ...systemClock, now: () => Date.now() + skewMs() },
  });
  const who = laboratory.experiment(experiment, {
    control: (key: string) => ({ by: "control", key }),
    candidate: (key) => ({ by: "candidate", key }),
    compare: { ignore: ["$.by"] },
    key: (key) => key,
    rollout: rolling,
  });
  await rolling.loaded;
  const call = (key: string): string => who(key).by;
  // One that is in at a share is in at every larger one.
  let probes = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  return {
    experiment,
    rolling,
    told,
    faults,
    call,
    serves() {
      const served = probes.find((key) => call(key) === "candidate");
      if (served !== undefined) probes = [served];
      return served !== undefined;
    },
    async close() {
      await laboratory.close({ timeoutMs: 3_000 });
      await close();
    },
  };
}

/** A store on a client of its own. */
interface Opened {
  readonly store: RolloutStore;
  readonly close: () => Promise<void>;
}

export async function openStore({ kind, port }: Target): Promise<Opened> {
  return kind === "Redis" ? onRedis(port) : onPostgresql(port);
}

async function onRedis(port: number): Promise<Opened> {
  const client = createClient({
    // Version 5 may not come back without it.
    disableOfflineQueue: true,
    socket: { port, host: "127.0.0.1", reconnectStrategy: (tries) => Math.min(50 * tries, 500) },
  });
  client.on("error", () => undefined);
  await client.connect();
  return {
    store: redisStore({ client }),
    async close() {
      client.destroy();
      return Promise.resolve();
    },
  };
}

function onPostgresql(port: number): Opened {
  const settings = { host: "127.0.0.1", port, user: "sidelane", database: "postgres", connectionTimeoutMillis: 2_000 };
  const pool = new pg.Pool({ ...settings, max: 3, query_timeout: 2_000 });
  pool.on("error", () => undefined);
  const store = postgresqlStore({
    query: async (text, values) => pool.query(text, values),
    async listen(channel, onMessage, onEnd) {
      const client = new pg.Client(settings);
      client.on("notification", ({ payload = "" }) => onMessage(payload));
      client.on("error", () => undefined);
      client.on("end", onEnd);
      try {
        await client.connect();
        await client.query(`LISTEN "${channel}"`);
      } catch (error) {
        void client.end().catch(() => undefined);
        throw error;
      }
      return () => void client.end().catch(() => undefined);
    },
  });
  return { store, close: async () => pool.end() };
}

/** Looks every 5 ms until it is so. */
export async function until(isSo: () => boolean, forMs: number, what: string): Promise<void> {
  return wait(isSo, forMs, Infinity, what);
}

/** The same where nothing is measured: time in which other work kept this process from running does not count. */
export async function eventually(isSo: () => boolean, forMs: number, what: string): Promise<void> {
  return wait(isSo, forMs, 100, what);
}

async function wait(isSo: () => boolean, forMs: number, mostOfATurnMs: number, what: string): Promise<void> {
  let waitedMs = 0;
  for (let last = performance.now(); !isSo();) {
    if (waitedMs > forMs) throw new Error(`Not within ${forMs} ms: ${what}`);
    await sleep(5);
    const now = performance.now();
    waitedMs += Math.min(now - last, mostOfATurnMs);
    last = now;
  }
}
