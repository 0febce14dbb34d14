import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrations } from "../../src/rollout/stores/postgresql.ts";
import type { Target } from "./member.ts";
import { boundMs, partition, type Partition } from "./partitions.ts";
import { startPostgresql, withoutPostgresql } from "./postgresql.ts";
import { startRedis, withoutRedis } from "./redis.ts";

// `npm run proof:fleet` tries 1 000.
const schedules = Number(process.env["PARTITIONS"] ?? 20);
const first = Number(process.env["SEED"] ?? 1);
// So many that a poll of 200 ms in three processes of each leaves the servers time, on two cores.
const atOnce: Readonly<Record<Target["kind"], number>> = { Redis: 8, PostgreSQL: 4 };

interface Server {
  readonly kind: Target["kind"];
  readonly missing: string | undefined;
  start(): Promise<{ readonly port: number; stop(): Promise<void> }>;
}

const servers: readonly Server[] = [
  { kind: "Redis", missing: withoutRedis, start: startRedis },
  {
    kind: "PostgreSQL",
    missing: withoutPostgresql,
    async start() {
      const server = await startPostgresql({ connections: 200 });
      for (const sql of migrations()) await server.psql(`${sql};`);
      return server;
    },
  },
];

async function tried(target: Target, seeds: readonly number[]): Promise<readonly Partition[]> {
  const left = [...seeds];
  const done: Partition[] = [];
  const work = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) done.push(await partition(target, seed));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce[target.kind], seeds.length) }, work));
  return done;
}

function figures(done: readonly Partition[], disturbed: boolean): string {
  const all = done
    .flatMap((each) => each.servedMs.filter((_, index) => each.disturbed[index] === disturbed))
    .sort((a, b) => a - b);
  const at = (share: number): number => Math.round(all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? 0);
  return `${all.length} processes whose way was ${disturbed ? "disturbed" : "open"}: half served nobody ${at(0.5)} ms after, 99 % ${at(0.99)} ms, all ${at(1)} ms`;
}

for (const { kind, missing, start } of servers) {
  // Both servers at once: a schedule waits more than it works.
  (missing === undefined ? describe.concurrent : describe.skip)(
    `a rollback on a real ${kind}${missing ? ` (skipped: ${missing})` : ""}`,
    () => {
      let server: Awaited<ReturnType<Server["start"]>>;
      beforeAll(async () => {
        server = await start();
      }, 60_000);
      afterAll(() => server.stop());

      it(
        "once acknowledged has nobody served later than the bound, whatever the ways to the store do",
        { timeout: 3_600_000 },
        async () => {
          const seeds = Array.from({ length: Math.ceil(schedules / 2) }, (_, index) => first + index);
          const done = await tried({ kind, port: server.port }, seeds);
          console.log(
            `${kind}, ${done.length} schedules, bound ${boundMs} ms\n  ${figures(done, true)}\n  ${figures(done, false)}`,
          );
          expect(done.filter(({ problems }) => problems.length > 0)).toEqual([]);
          const unfinished = done.filter((each) => each.unfinished.length > 0);
          if (unfinished.length > 0)
            console.log(`${kind}: ${unfinished.length} unfinished`, JSON.stringify(unfinished));
          // A client that stays away has its process serve control, and shows nothing more.
          expect(unfinished.length).toBeLessThanOrEqual(Math.ceil(done.length / 20));
        },
      );
    },
  );
}
