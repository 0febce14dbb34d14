import type { PoolClient } from "pg";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Laboratory, memoryPublisher } from "../../src/index.ts";
import {
  parallelWrites,
  postgresqlOutbox,
  type ParallelWrites,
  type PostgresqlClient,
} from "../../src/writes/index.ts";
import { differencesBetween, type Booking, type Ledger, type Payment } from "../writes/ledger.ts";
import { inTx, postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { testOutbox } from "../../src/testing/index.ts";
import { poolOf, startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;

describe.skipIf(withoutPostgresql !== undefined)(`an outbox in a real PostgreSQL${reason}`, () => {
  let server: RealPostgresql;
  let opened = 0;
  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server.stop());

  for (const prepared of [false, true, undefined]) {
    testOutbox(
      `postgresqlOutbox, prepared: ${String(prepared)}`,
      () => {
        const pool = poolOf(server.port, "postgres", 2);
        return {
          outbox: postgresqlOutbox(pool, { prefix: `t${++opened}_`, ...(prepared !== undefined && { prepared }) }),
          transaction: (work) => inTx(pool, (tx) => work(tx as never)),
          cleanUp: () => pool.end(),
        };
      },
      { describe, it },
    );
  }

  it.each([
    ["where they are `prepared`", true],
    ["with `pg`, where nothing is said", undefined],
  ])("has its statements planned once a connection, %s", async (_, prepared) => {
    const pool = poolOf(server.port, "postgres", 1);
    const outbox = postgresqlOutbox(pool, { prefix: `t${++opened}_`, ...(prepared !== undefined && { prepared }) });
    await outbox.prepare();
    for (let n = 0; n < 3; n++) await outbox.known(pool, { name: "payments", side: "control", id: `p-${n}` });
    const { rows } = await pool.query("SELECT name, generic_plans + custom_plans AS runs FROM pg_prepared_statements");
    expect(rows).toEqual([{ name: expect.stringMatching(/^sidelane_[0-9a-f]{32}$/) as string, runs: "3" }]);
    await pool.end();
  });

  it("has no more statements planned, and loses nothing, once a pool hands its connections on", async () => {
    const pools = await Promise.all(
      ["handed_old", "handed_new"].map(async (database) => {
        await server.psql(`CREATE DATABASE ${database}`);
        const pool = poolOf(server.port, database, 2);
        await pool.query("CREATE TABLE entries (payment text PRIMARY KEY)");
        return pool;
      }),
    );
    const laboratory = new Laboratory();
    const events: string[] = [];
    const sideOf = (pool: (typeof pools)[number]) => ({
      transaction: <Value>(work: (tx: PoolClient) => Promise<Value>) => inTx(pool, work),
      async write({ id }: { readonly id: string }, tx: PoolClient) {
        await tx.query("INSERT INTO entries VALUES ($1)", [id]);
        return id;
      },
      read: () => undefined,
      outbox: postgresqlOutbox(pool),
    });
    const payments = parallelWrites("payments", {
      control: sideOf(pools[0]!),
      candidate: sideOf(pools[1]!),
      id: (op: { readonly id: string }) => op.id,
      keys: (op: { readonly id: string }) => [op.id],
      ...{ laboratory, readBack: 0, onEvent: ({ kind, reason }) => void events.push(`${kind} ${reason}`) },
    });
    /** As if each transaction met another connection of the server. */
    const handOn = async (): Promise<void> => {
      for (const pool of pools) {
        const clients = await Promise.all([pool.connect(), pool.connect()]);
        for (const client of clients) await client.query("DEALLOCATE ALL");
        for (const client of clients) client.release();
      }
    };
    const followed = async (): Promise<void> => {
      const stop = new AbortController();
      const working = payments.work({ signal: stop.signal });
      while ((await payments.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      stop.abort();
      await working;
    };
    for (const id of ["a", "b"]) await payments.write({ id });
    await followed();
    await handOn();
    for (const id of ["c", "d"]) expect(await payments.write({ id })).toBe(id);
    await handOn();
    await followed();
    for (const pool of pools) {
      const { rows } = await pool.query("SELECT payment FROM entries ORDER BY payment");
      expect(rows.map(({ payment }: { payment: string }) => payment)).toEqual(["a", "b", "c", "d"]);
      const { rows: planned } = await pool.query("SELECT name FROM pg_prepared_statements");
      expect(planned).toEqual([]);
      await pool.end();
    }
    expect(events).toEqual([]);
    await laboratory.close();
  });

  // It writes a parameter as the type that the server names: a text of JSON for `jsonb` would be written as JSON again.
  testOutbox(
    "postgresqlOutbox by postgres.js",
    () => {
      const sql = postgres({
        ...{ host: "127.0.0.1", port: server.port, user: "sidelane", database: "postgres", max: 2 },
        onnotice: () => undefined,
      });
      const clientOf = (on: Pick<typeof sql, "unsafe">): PostgresqlClient => ({
        query: async (text, parameters) => ({ rows: [...(await on.unsafe(text, parameters as never[]))] }),
      });
      return {
        outbox: postgresqlOutbox(clientOf(sql), { prefix: `t${++opened}_` }),
        transaction: async <Value>(work: (tx: never) => PromiseLike<Value>): Promise<Value> =>
          (await sql.begin((tx) => work(clientOf(tx) as never) as Promise<Value>)) as Value,
        cleanUp: () => sql.end(),
      };
    },
    { describe, it },
  );
});

describe.skipIf(withoutPostgresql !== undefined)(`two ledgers in a real PostgreSQL${reason}`, () => {
  let server: RealPostgresql;
  let made: { control: Ledger; candidate: Ledger; payments: ParallelWrites<Payment, Booking>; laboratory: Laboratory };
  let round = 0;

  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server.stop());
  afterEach(async () => {
    await made.laboratory.close();
    await made.control.close();
    await made.candidate.close();
  });

  async function bank(options: object = {}): Promise<typeof made> {
    round += 1;
    await server.psql(`CREATE DATABASE old${round}`);
    await server.psql(`CREATE DATABASE new${round}`);
    const at = (database: string) => ({ port: server.port, database: `${database}${round}` });
    const control = await postgresqlLedger({ name: "old" }, at("old"));
    const candidate = await postgresqlLedger({ name: "new" }, at("new"));
    const laboratory = new Laboratory({ publishers: [memoryPublisher()] });
    const payments = parallelWrites("payments", {
      control: control.side,
      candidate: candidate.side,
      id: (op: Payment) => op.paymentId,
      keys: (op: Payment) => [op.from, op.to],
      facts: ({ id }: Booking) => ({ entryId: id }),
      laboratory,
      ...options,
    });
    made = { control, candidate, payments, laboratory };
    return made;
  }

  async function settled({ payments, laboratory }: typeof made, workers: number): Promise<void> {
    const stop = new AbortController();
    const working = Array.from({ length: workers }, () => payments.work({ signal: stop.signal }));
    while ((await payments.status()).lag.control.rows > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await Promise.all(working);
    await laboratory.settled();
  }

  it("record the same, in the same order for each account, whatever writers and workers do at once", async () => {
    const all = await bank();
    const { payments, control, candidate, laboratory } = all;
    let n = 0;
    const writers = Array.from({ length: 8 }, async () => {
      while (n < 400) {
        const op = { paymentId: `p-${++n}`, from: `a${n % 7}`, to: `b${n % 5}`, cents: n };
        await payments.write(op);
      }
    });
    const following = settled(all, 2);
    await Promise.all(writers);
    await following;
    await settled(all, 1);
    expect(await differencesBetween(control, candidate)).toEqual([]);
    const entries = await candidate.entries();
    expect([...entries].sort()).toEqual([...(await control.entries())].sort());
    expect(laboratory.status().experiments["payments"]!.candidates["candidate"]!.tally.kinds.mismatch).toBe(0);
  }, 60_000);

  it("write an id once, where two begin at once", async () => {
    const { payments, control } = await bank({
      again: (_: Payment, { entryId }: { entryId: string }) => ({ id: entryId }),
    });
    const op = { paymentId: "p-1", from: "a", to: "b", cents: 1 };
    const results = await Promise.all(Array.from({ length: 6 }, () => payments.write(op)));
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
    expect(await control.entries()).toHaveLength(1);
  });

  it("forget old ids by when they came, without a look at all others", async () => {
    const { payments } = await bank();
    await payments.write({ paymentId: "p-1", from: "a", to: "b", cents: 1 });
    const pool = poolOf(server.port, `old${round}`);
    await pool.query(`INSERT INTO sidelane_ids (name, side, op_id, digest, token, at_ms)
SELECT 'payments', 'control', 'older-' || n, '', '', n FROM generate_series(1, 50000) AS n`);
    await pool.query(`INSERT INTO sidelane_ids (name, side, op_id, digest, token, at_ms)
SELECT 'payments', 'control', 'newer-' || n, '', '', 9e15 + n FROM generate_series(1, 100000) AS n`);
    await pool.query("ANALYZE sidelane_ids");
    let plan = "";
    const explained = {
      async query(sql: string | { text: string; values: unknown[] }, values: unknown[] = []) {
        const text = typeof sql === "string" ? sql : sql.text;
        if (text.startsWith("DELETE")) {
          const { rows } = await pool.query(`EXPLAIN ${text}`, typeof sql === "string" ? values : sql.values);
          plan = rows.map((row) => String((row as Record<string, unknown>)["QUERY PLAN"])).join("\n");
        }
        return pool.query(sql as string, values);
      },
    };
    const outbox = postgresqlOutbox(explained);
    const pruned = await outbox.prune(explained, { name: "payments", side: "control", olderThanMs: 3_600_000 });
    expect(pruned).toBe(50_000);
    expect(plan).toContain("Index Scan on sidelane_ids_by_time");
    await pool.end();
  });

  it("hold the fence of a bucket until the transaction ends, in READ COMMITTED and REPEATABLE READ", async () => {
    const { payments } = await bank();
    await payments.write({ paymentId: "p-1", from: "a", to: "b", cents: 1 });
    const pool = poolOf(server.port, `old${round}`);
    const outbox = postgresqlOutbox(pool);
    const of = { name: "payments", side: "control" as const, bucket: 0 };
    for (const level of ["READ COMMITTED", "REPEATABLE READ"]) {
      const writer = await pool.connect();
      const late = await pool.connect();
      await writer.query(`BEGIN ISOLATION LEVEL ${level}`);
      const { fence } = await outbox.enter(writer, { ...of, id: "x" });
      // This one has its snapshot from before the change.
      await late.query(`BEGIN ISOLATION LEVEL ${level}`);
      await late.query("SELECT count(*) FROM accounts");
      let changed = false;
      const changing = inTx(pool, (tx) =>
        outbox.changeFence(tx, { ...of, epoch: fence.epoch, to: { ...fence, moving: !fence.moving } }),
      ).then((done) => (changed = done));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(changed).toBe(false);
      await writer.query("COMMIT");
      await changing;
      expect(changed).toBe(true);
      const entered = outbox.enter(late, { ...of, id: "x" });
      if (level === "REPEATABLE READ") await expect(entered).rejects.toMatchObject({ code: "40001" });
      else expect((await entered).fence.moving).toBe(!fence.moving);
      await late.query("ROLLBACK");
      for (const client of [writer, late]) client.release();
    }
    await pool.end();
  });

  it.each([
    { half: "the row's", without: " FOR SHARE OF f", level: "REPEATABLE READ" },
    {
      half: "the advisory",
      without: "pg_advisory_xact_lock_shared(CAST($5 AS integer), CAST($3 AS integer))",
      level: "READ COMMITTED",
    },
  ])(
    "need both locks of the fence: without $half one a wrong writer gets through, or who changes it starves",
    async ({ half, without, level }) => {
      const { payments } = await bank();
      await payments.write({ paymentId: "p-1", from: "a", to: "b", cents: 1 });
      const pool = poolOf(server.port, `old${round}`);
      const of = { name: "payments", side: "control" as const, bucket: 0 };
      const right = postgresqlOutbox(pool);
      const wrong = postgresqlOutbox(pool, {
        client: (tx: PoolClient) => ({
          query: (sql: string, parameters: unknown[]) => {
            const mutated = sql.replace(without, half === "the advisory" ? "(SELECT $5) AS none" : "");
            return tx.query(mutated, parameters);
          },
        }),
      });
      const waiting = async (): Promise<number> => {
        const { rows } = await pool.query("SELECT count(DISTINCT pid) AS some FROM pg_locks WHERE NOT granted");
        return Number((rows[0] as { some: string }).some);
      };
      const until = async (holds: () => Promise<boolean>): Promise<void> => {
        while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      for (const [outbox, isWrong] of [
        [right, false],
        [wrong, true],
      ] as const) {
        const [writer, next] = [await pool.connect(), await pool.connect()];
        for (const each of [writer, next]) {
          await each.query(`BEGIN ISOLATION LEVEL ${level}`);
          await each.query("SELECT count(*) FROM accounts");
        }
        const { fence } = await outbox.enter(writer, { ...of, id: "x" });
        const changing = inTx(pool, (tx) =>
          right.changeFence(tx, { ...of, epoch: fence.epoch, to: { ...fence, moving: !fence.moving } }),
        );
        await until(async () => (await waiting()) === 1);
        if (half === "the advisory") {
          // Who comes later waits behind the change; or goes on sharing the row, and the next one after it.
          let hasEntered = false;
          const entering = outbox.enter(next, { ...of, id: "y" }).then(() => (hasEntered = true));
          await until(async () => hasEntered || (await waiting()) === 2);
          expect(hasEntered).toBe(isWrong);
          await writer.query("COMMIT");
          if (!isWrong) await changing;
          await entering;
        } else {
          await writer.query("COMMIT");
          await changing;
          // By what it saw before the change.
          const entered = outbox.enter(next, { ...of, id: "y" });
          if (isWrong) expect((await entered).fence.moving).toBe(fence.moving);
          else await expect(entered).rejects.toMatchObject({ code: "40001" });
        }
        await next.query("ROLLBACK");
        await changing;
        for (const client of [writer, next]) client.release();
      }
      await pool.end();
    },
  );

  it("switch the authority there and back under eight writers, and lose and double nothing", async () => {
    let stage: "shadow" | "live" = "shadow";
    const { payments, control, candidate, laboratory } = await bank({
      rollout: { current: () => ({ stage, share: 1 }) },
      partition: ({ from }: Payment) => from.slice(0, 2),
    });
    await payments.write({ paymentId: "p-0", from: "t0a", to: "t0b", cents: 1 });
    await settled(made, 1);
    expect(await payments.reconcile()).toMatchObject({ clean: true });
    // On a busy machine a bucket may take longer to move than a write waits: nothing is written then, and the caller comes again.
    const insist = (op: Payment): Promise<unknown> =>
      payments.write(op).catch((error: unknown) => {
        if ((error as { readonly code?: unknown }).code !== "no-authority") throw error;
        return insist(op);
      });
    let writing = true;
    let n = 0;
    const writers = Array.from({ length: 8 }, async () => {
      while (writing) {
        const tenant = `t${++n % 9}`;
        await insist({ paymentId: `p-${n}`, from: `${tenant}a`, to: `${tenant}b`, cents: n });
        // The follower has to keep up, also on a busy machine.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    const stop = new AbortController();
    const working = [payments.work({ signal: stop.signal }), payments.work({ signal: stop.signal })];
    const reached = async (side: "control" | "candidate"): Promise<void> => {
      while ((await payments.status()).buckets[side] < 64) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    stage = "live";
    await reached("candidate");
    stage = "shadow";
    await reached("control");
    writing = false;
    await Promise.all(writers);
    stop.abort();
    await Promise.all(working);
    await settled(made, 1);
    await laboratory.settled();
    expect(await differencesBetween(control, candidate)).toEqual([]);
    const entries = await control.entries();
    expect(entries).toHaveLength(n + 1);
    expect([...(await candidate.entries())].sort()).toEqual([...entries].sort());
    expect(entries.some((entry) => entry.includes("=new"))).toBe(true);
  }, 240_000);

  it.each(["sidelane", "user"])(
    "keep their tables in the schema `%s`, with a prefix, made by ten processes' worth of callers at once",
    async (schema) => {
      await bank();
      const pool = poolOf(server.port, `old${round}`);
      const outboxes = Array.from({ length: 10 }, () => postgresqlOutbox(pool, { schema, prefix: "w_" }));
      await Promise.all(outboxes.map((outbox) => outbox.prepare()));
      const { rows } = await pool.query(
        `SELECT count(*) AS n FROM pg_tables WHERE schemaname = '${schema}' AND tablename LIKE 'w\\_%'`,
      );
      expect(rows).toEqual([{ n: "8" }]);
      expect(await outboxes[0]!.count(pool, { name: "payments", side: "control" })).toMatchObject({
        rows: 0,
        latest: 0,
      });
      await pool.end();
    },
  );

  it("in REPEATABLE READ, run again what loses the place of its key to another one", async () => {
    const pool = poolOf(server.port, `old${round + 1}`);
    const first = { paymentId: "p-1", from: "a", to: "b", cents: 1 };
    let isFirst = true;
    const side = {
      transaction: <Value>(work: (tx: PoolClient) => Promise<Value>): Promise<Value> =>
        inTx(pool, async (tx) => {
          await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
          return work(tx);
        }),
      async write({ paymentId }: Payment, tx: PoolClient): Promise<Booking> {
        await tx.query("INSERT INTO entries (payment, entry) VALUES ($1, $1)", [paymentId]);
        if (isFirst) {
          isFirst = false;
          await made.payments.write({ ...first, paymentId: "p-2" });
        }
        return { id: paymentId };
      },
      read: () => undefined,
      outbox: postgresqlOutbox(pool),
    };
    const { payments, control } = await bank({ control: side });
    expect(await payments.write(first)).toEqual({ id: "p-1" });
    expect(await control.entries()).toEqual(["p-2=p-2", "p-1=p-1"]);
    await pool.end();
  });
});
