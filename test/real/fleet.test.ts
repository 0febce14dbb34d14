import { fork } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RampOptions } from "../../src/rollout/ramp/ramp-options.ts";
import { migrations } from "../../src/rollout/stores/postgresql.ts";
import { gates } from "../../src/stats/gates.ts";
import { member, until, type Member, type Target } from "./member.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";
import { startRedis, withoutRedis, type RealRedis } from "./redis.ts";

const by = "Ada";
const pollMs = 200;
const staleAfterMs = 1_000;

/** So many laboratories in which the candidate serves. */
async function serving(target: Target, count: number, options: RampOptions = {}): Promise<readonly Member[]> {
  const experiment = `price-${Math.random()}`;
  const given = { checkEveryMs: pollMs, staleAfterMs, ...options };
  const members = await Promise.all(Array.from({ length: count }, async () => member(target, experiment, given)));
  await members[0]!.rolling.advance({ by });
  await until(() => members.every(({ serves }) => serves()), 15_000, "the candidate serves");
  return members;
}

function areOne(members: readonly Member[]): boolean {
  const statuses = members.map(({ rolling }) => rolling.status());
  return (
    statuses.every(({ synchronized }) => synchronized) && new Set(statuses.map(({ state }) => state.id)).size === 1
  );
}

function kindsOf(members: readonly Member[], kind: string): number {
  return members.flatMap(({ told }) => told).filter((each) => each === kind).length;
}

async function closed(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(async ({ close }) => close()));
}

interface Server {
  readonly kind: Target["kind"];
  readonly missing: string | undefined;
  start(): Promise<RealRedis | RealPostgresql>;
  /** What an operator may do to it while it runs: by statements, of Redis or of SQL. */
  readonly emptied: readonly string[];
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}

/** Runs statements on a server, each in a connection of its own. */
async function operate(server: RealRedis | RealPostgresql, statements: readonly string[]): Promise<void> {
  if ("psql" in server) {
    for (const statement of statements) await server.psql(`${statement};`);
    return;
  }
  const client = createClient({ url: server.url });
  client.on("error", () => undefined);
  await client.connect();
  for (const statement of statements) await client.sendCommand(statement.split(" "));
  client.destroy();
}

const servers: readonly Server[] = [
  {
    ...{ kind: "Redis", missing: withoutRedis, start: startRedis, emptied: ["FLUSHALL"] },
    // A replica of nobody, as one is left behind by a failover.
    readOnly: ["REPLICAOF 127.0.0.1 1"],
    writable: ["REPLICAOF NO ONE"],
  },
  {
    kind: "PostgreSQL",
    missing: withoutPostgresql,
    async start() {
      const server = await startPostgresql({ connections: 100 });
      for (const sql of migrations()) await server.psql(`${sql};`);
      return server;
    },
    emptied: ["truncate sidelane_rollouts, sidelane_reports"],
    readOnly: ["alter system set default_transaction_read_only = on", "select pg_reload_conf()"],
    writable: ["alter system reset default_transaction_read_only", "select pg_reload_conf()"],
  },
];

for (const { kind, missing, start, emptied, readOnly, writable } of servers) {
  const reason = missing === undefined ? "" : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(`a fleet on a real ${kind}${reason}`, () => {
    let server: RealRedis | RealPostgresql;
    beforeAll(async () => {
      server = await start();
    }, 60_000);
    afterAll(() => server.stop());
    const target = (): Target => ({ kind, port: server.port });

    it("serves control while its server is down, and goes on when it is back, killed as it was", async () => {
      const members = await serving(target(), 3);
      const { share } = members[0]!.rolling.status().state;
      await server.kill();
      await until(
        () => members.every(({ serves }) => !serves()),
        staleAfterMs + 1.2 * pollMs + 200,
        "nobody is served",
      );
      expect(members.every(({ rolling }) => rolling.status().stale)).toBe(true);
      await until(() => members.every(({ faults }) => faults.length > 0), 3_000, "all count faults");
      await server.start();
      await until(() => members.every(({ serves }) => serves()), 10_000, "the candidate serves again");
      expect(members[0]!.rolling.status().state.share).toBe(share);
      await members[1]!.rolling.rollback({ by, reason: "wrong totals" });
      await until(() => areOne(members), 5_000, "all have the rollback");
      expect(members.some(({ serves }) => serves())).toBe(false);
      // A server without a disk was emptied, and one process gave it back what it had; another one lost nothing.
      expect(kindsOf(members, "forked")).toBe(kind === "Redis" ? 1 : 0);
      expect(kindsOf(members, "rolled-back")).toBe(1);
      await closed(members);
    });

    it("that was emptied gets back what was decided, by one event", async () => {
      const members = await serving(target(), 3);
      await members[0]!.rolling.rollback({ by, reason: "wrong totals" });
      await until(() => areOne(members), 5_000, "all have the rollback");
      await operate(server, emptied);
      await until(() => kindsOf(members, "forked") > 0 && areOne(members), 10_000, "it is given back");
      await sleep(2 * pollMs);
      for (const { rolling } of members)
        expect(rolling.status().state).toMatchObject({ stage: "shadow", mode: "rolled-back" });
      expect(members.some(({ serves }) => serves())).toBe(false);
      expect([kindsOf(members, "forked"), kindsOf(members, "rolled-back")]).toEqual([1, 1]);
      await closed(members);
    });

    it("that takes no writes has nobody served after the bound, which is told, and goes on once it does", async () => {
      const members = await serving(target(), 2);
      await operate(server, readOnly);
      await until(
        () => members.every(({ serves }) => !serves()),
        staleAfterMs + 1.2 * pollMs + 500,
        "nobody is served",
      );
      await until(() => members.every(({ faults }) => faults.length > 0), 3_000, "all count faults");
      // What a person says is not lost, though it cannot be written: it holds at once in this process.
      const said = members[1]!.rolling.rollback({ by, reason: "wrong totals" }).catch(() => undefined);
      await sleep(2 * pollMs);
      expect(members.some(({ serves }) => serves())).toBe(false);
      await operate(server, writable);
      await said;
      await until(() => areOne(members), 15_000, "all have the rollback");
      for (const { rolling } of members) expect(rolling.status().state).toMatchObject({ mode: "rolled-back" });
      expect(kindsOf(members, "rolled-back")).toBe(1);
      await closed(members);
    });

    it("serves control to a program of another one's experiment, and leaves its state alone", async () => {
      const members = await serving(target(), 2, { staleAfterMs: 5_000 });
      const before = members[0]!.rolling.status().state;
      const other = await member(target(), members[0]!.experiment, { ...{ checkEveryMs: pollMs, staleAfterMs }, steps: [0.1, 0.9] }); // prettier-ignore
      await until(() => other.faults.length > 0, 5_000, "it is told");
      expect(other.faults[0]).toContain("another program may have an experiment of this name");
      for (let looks = 0; looks < 20; looks++) {
        expect(other.serves()).toBe(false);
        expect(members.every(({ serves }) => serves())).toBe(true);
        await sleep(20);
      }
      expect(members[0]!.rolling.status().state.id).toBe(before.id);
      await closed([...members, other]);
    });

    it("has nobody served by a process that was stopped for longer than the bound, from its first call on", async () => {
      const [one] = await serving(target(), 1);
      const experiment = one!.experiment;
      const given = [kind, String(server.port), experiment, String(staleAfterMs)];
      const child = fork(join(import.meta.dirname, "member.child.ts"), given, { execArgv: ["--import", "tsx"] });
      const served: number[] = [];
      let controlAt = 0;
      let isReady = false;
      child.on("message", (message: { ready?: true; servedAt?: number; controlAt?: number }) => {
        isReady ||= message.ready === true;
        if (message.servedAt !== undefined) served.push(message.servedAt);
        controlAt = message.controlAt ?? controlAt;
      });
      await until(() => isReady && served.length > 10, 20_000, "the candidate serves there");
      child.kill("SIGSTOP");
      await sleep(100);
      const stoppedAt = Date.now();
      await one!.rolling.rollback({ by, reason: "wrong totals" });
      await sleep(1.5 * staleAfterMs);
      const resumedAt = Date.now();
      child.kill("SIGCONT");
      await until(() => controlAt > resumedAt + 500, 10_000, "control answers there");
      expect(served.filter((at) => at > stoppedAt)).toEqual([]);
      child.kill("SIGKILL");
      await closed([one!]);
    });

    it("keeps a step's time by the server's clock, whatever the clocks of its processes do", async () => {
      const hour = 3_600_000;
      const startedAt = Date.now();
      // One is an hour ahead, one an hour behind, and one goes back by an hour after a second.
      const skews = [() => hour, () => -hour, () => (Date.now() - startedAt > 1_000 ? -hour : 0)];
      const experiment = `clocks-${Math.random()}`;
      const options: RampOptions = {
        ...{ checkEveryMs: pollMs, staleAfterMs: 5_000, onReady: "advance", minimumTimeMs: 3_000, minimumUnits: 100 },
        ...{ unitWindowMs: 0, gates: [gates.mismatches(0.01)] },
      };
      const members: Member[] = [];
      for (const skew of skews) members.push(await member(target(), experiment, options, skew));
      const bornAt = members[0]!.rolling.status().state.changedAt;
      expect(Math.abs(bornAt - startedAt)).toBeLessThan(2_000);
      let key = 0;
      while (members.some(({ rolling }) => rolling.status().state.share === 0) && Date.now() - startedAt < 15_000) {
        for (const { call } of members) for (let index = 0; index < 20; index++) call(`customer-${key++}`);
        await sleep(20);
      }
      const [step] = members[0]!.rolling.status().state.history;
      expect(step).toMatchObject({ kind: "advanced", by: "ramp" });
      expect(step!.at - bornAt).toBeGreaterThanOrEqual(3_000);
      expect(step!.at - bornAt).toBeLessThan(6_000);
      expect(Math.abs(step!.at - Date.now())).toBeLessThan(4_000);
      await closed(members);
    });
  });
}

describe.skipIf(withoutRedis !== undefined)(
  `a Redis that was restarted${withoutRedis ? ` (skipped: ${withoutRedis})` : ""}`,
  () => {
    it("from a dump that is older than a rollback gets the rollback back, by one event", async () => {
      const server = await startRedis();
      const client = createClient({ url: server.url });
      client.on("error", () => undefined);
      await client.connect();
      const members = await serving({ kind: "Redis", port: server.port }, 3);
      await client.sendCommand(["SAVE"]);
      server.dump.keep();
      await members[0]!.rolling.rollback({ by, reason: "wrong totals" });
      expect(members[0]!.rolling.status()).toMatchObject({ synchronized: true, state: { mode: "rolled-back" } });
      client.destroy();
      await server.kill();
      server.dump.restore();
      await server.start();
      const startedAt = performance.now();
      // Those that had not heard of it may go by what the store says, until one that had asks.
      let servedAt = -Infinity;
      const watch = setInterval(() => {
        if (members.some(({ serves }) => serves())) servedAt = performance.now();
      }, 5);
      await until(() => areOne(members) && kindsOf(members, "forked") > 0, 5_000, "all agree");
      await sleep(500);
      clearInterval(watch);
      expect(members.map(({ rolling }) => rolling.status().state)).toEqual(
        members.map(() => expect.objectContaining({ stage: "shadow", mode: "rolled-back" }) as unknown),
      );
      expect(kindsOf(members, "forked")).toBe(1);
      // Two polls, and what clients wait before they connect again.
      expect(servedAt - startedAt).toBeLessThan(2 * 1.2 * pollMs + 500);
      await closed(members);
      await server.stop();
    });
  },
);
