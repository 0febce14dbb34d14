import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Laboratory } from "../../src/index.ts";
import { ramp } from "../../src/rollout/ramp/ramp.ts";
import { migrations } from "../../src/rollout/stores/postgresql.ts";
import { eventually, member, openStore, type Member, type Target } from "./member.ts";
import { startPostgresql, withoutPostgresql } from "./postgresql.ts";
import { startProxy } from "./proxy.ts";
import { startRedis, withoutRedis } from "./redis.ts";

const by = "Ada";
const staleAfterMs = 1_000;
const options = { checkEveryMs: 200, staleAfterMs };
const noAnswer = /The store did not answer .* within 2000 ms/;
const slow = { timeout: 120_000 };

interface Server {
  readonly kind: Target["kind"];
  readonly missing: string | undefined;
  start(): Promise<{ readonly port: number; readonly pid: number; stop(): Promise<void> }>;
}

const servers: readonly Server[] = [
  { kind: "Redis", missing: withoutRedis, start: startRedis },
  {
    kind: "PostgreSQL",
    missing: withoutPostgresql,
    async start() {
      const server = await startPostgresql({ connections: 100 });
      for (const sql of migrations()) await server.psql(`${sql};`);
      return server;
    },
  },
];

/** A server's process, and those that it has started. */
function processesOf(pid: number): readonly number[] {
  const all = execFileSync("ps", ["-axo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = all.map((line) => line.trim().split(/\s+/).map(Number));
  return [pid, ...pairs.filter(([, parent]) => parent === pid).map(([each]) => each!)];
}

/** What a server has started may have ended by itself by then. */
function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

/** Calls until control has answered for a while. @returns how long after that the candidate last answered, in milliseconds */
async function lastServedMs({ serves }: Member, since: number): Promise<number> {
  let last = -Infinity;
  for (let at = since; at - Math.max(last, since) < 2 * staleAfterMs; at = performance.now()) {
    if (serves()) last = at;
    await sleep(5);
  }
  return last - since;
}

for (const { kind, missing, start } of servers) {
  const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(`a real ${kind} that accepts and never answers${reason}`, () => {
    let server: Awaited<ReturnType<Server["start"]>>;
    beforeAll(async () => {
      server = await start();
    }, 60_000);
    afterAll(() => server.stop());

    async function serving(port: number, experiment: string): Promise<Member> {
      const one = await member({ kind, port }, experiment, options);
      await one.rolling.advance({ by });
      await eventually(() => one.serves(), 15_000, "the candidate serves");
      return one;
    }

    it(
      "since the way to it loses all, has nobody served by guess, and is a counted fault with a sentence",
      slow,
      async () => {
        const proxy = await startProxy(server.port);
        const one = await serving(proxy.port, "half-open");
        proxy.disturb("black hole");
        expect(await lastServedMs(one, performance.now())).toBeLessThan(staleAfterMs);
        await eventually(() => one.faults.some((fault) => noAnswer.test(fault)), 20_000, "a fault says so");
        expect(one.rolling.status()).toMatchObject({ stale: true, synchronized: false });
        expect(one.serves()).toBe(false);
        proxy.mend();
        await eventually(() => one.serves(), 30_000, "the candidate serves again");
        await one.close();
        await proxy.close();
      },
    );

    it("since it was stopped, has nobody served by guess, and goes on when it does", slow, async () => {
      const one = await serving(server.port, "stopped");
      const stopped = processesOf(server.pid);
      try {
        signal(stopped, "SIGSTOP");
        expect(await lastServedMs(one, performance.now())).toBeLessThan(staleAfterMs);
        await eventually(() => one.faults.some((fault) => noAnswer.test(fault)), 20_000, "a fault says so");
        expect(one.serves()).toBe(false);
      } finally {
        signal(stopped, "SIGCONT");
      }
      await eventually(() => one.serves(), 30_000, "the candidate serves again");
      await one.close();
    });

    it(
      "from the start, has no candidate run, tells of it with every attempt, and is found when it answers",
      slow,
      async () => {
        const first = await serving(server.port, "late");
        const proxy = await startProxy(server.port);
        const { store, close } = await openStore({ kind, port: proxy.port });
        proxy.disturb("black hole");
        const faults: string[] = [];
        const laboratory = new Laboratory({ publishers: [], onFault: ({ error }) => void faults.push(String(error)) });
        const rolling = ramp({ store, version: "v1", steps: [0.5], ...options });
        let candidates = 0;
        const who = laboratory.experiment("late", {
          control: () => "control",
          candidate: () => `candidate ${candidates++}`,
          key: () => "a",
          rollout: rolling,
        });
        for (const from = performance.now(); faults.length < 2 && performance.now() - from < 60_000;) {
          expect(who()).toBe("control");
          await sleep(20);
        }
        expect(faults.length).toBeGreaterThan(1);
        for (const fault of faults) expect(fault).toMatch(/did not answer|timeout/);
        expect(candidates).toBe(0);
        expect(rolling.current()).toMatchObject({ stage: "off" });
        proxy.mend();
        await eventually(() => rolling.status().synchronized, 30_000, "the state is known");
        expect(rolling.current()).toMatchObject({ stage: "ramp", share: 0.5 });
        await laboratory.close({ timeoutMs: 3_000 });
        await close();
        await proxy.close();
        await first.close();
      },
    );
  });
}
