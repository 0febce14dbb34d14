import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/testing/index.ts";
import { differencesBetween } from "../writes/ledger.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { serveApi, storedLedger } from "../writes/intent/api.ts";
import {
  crashes,
  failpoints,
  intentFailpoints,
  type Crash,
  type Failpoint,
  type IntentFailpoint,
} from "./failpoints.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";
import { runChild } from "../proof/child.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;
const isLong = process.env["SIDELANE_LONG"] !== undefined;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

const all = failpoints.flatMap((failpoint) => crashes.map((crash) => ({ failpoint, crash })));
// All 30, 20 times each, by `npm run proof:writes`; of a normal run those where most could be lost or doubled, once.
const drawn: readonly { readonly failpoint: Failpoint; readonly crash: Crash }[] =
  isLong ? all : (
    [
      { failpoint: "write.after-commit", crash: "lost-answer" },
      { failpoint: "follow.after-commit", crash: "kill" },
      all[Math.floor(random() * all.length)]!,
      all[Math.floor(random() * all.length)]!,
    ]
  );
const byApi = (["control", "candidate"] as const).flatMap((apiSide) =>
  intentFailpoints.flatMap((failpoint) => crashes.map((crash) => ({ apiSide, failpoint, crash }))),
);
const drawnByApi = isLong ? byApi : [byApi[Math.floor(random() * byApi.length)]!];
const runs = Number(process.env["SIDELANE_LONG"] ?? 1);
const operationsOfRun = 16;

describe.skipIf(withoutPostgresql !== undefined)(`parallel writes that crash, seed ${seed}${reason}`, () => {
  let server: RealPostgresql;
  let cell = 0;
  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server.stop());

  /**
   * Runs that crash at the point, one after the other, and one that does not.
   *
   * @param sides where control and the candidate are, a database or an address each
   * @returns every answer that a caller had
   */
  async function crashedRuns(
    sides: readonly [string, string],
    failpoint: Failpoint | IntentFailpoint,
    crash: Crash,
  ): Promise<string[]> {
    const answers: string[] = [];
    const run = async (point: string, hit: number, first: number, count: number): Promise<string> => {
      const args = [String(server.port), ...sides, point, crash, String(hit), String(first), String(count)];
      const ended = await runChild("../real/crashes.child.ts", args);
      if (ended.signal !== "SIGKILL") expect(ended.stderr).toBe("");
      answers.push(...ended.stdout.split("\n").filter((line) => line.includes("=")));
      return ended.stdout;
    };
    for (let n = 0; n < runs; n++) {
      // Its callers come again with what the last process may have left unanswered.
      const first = Math.max(0, n - 1) * operationsOfRun;
      await run(failpoint, 1 + Math.floor(random() * 4), first, (n + 1) * operationsOfRun - first);
    }
    expect(await run("none", 0, 0, runs * operationsOfRun)).toContain("done");
    return answers;
  }

  it.each(drawn)(
    "lose nothing, double nothing and keep the order: $failpoint, $crash",
    async ({ failpoint, crash }) => {
      cell += 1;
      const [oldName, newName] = [`old${cell}`, `new${cell}`];
      for (const name of [oldName, newName]) await server.psql(`CREATE DATABASE ${name}`);
      const answers = await crashedRuns([oldName, newName], failpoint, crash);
      const control = await postgresqlLedger({ name: "old" }, { port: server.port, database: oldName });
      const candidate = await postgresqlLedger({ name: "new" }, { port: server.port, database: newName });
      const entries = await control.entries();
      const ids = Array.from({ length: runs * operationsOfRun }, (_, n) => `p-${n}`);
      expect(entries.map((entry) => entry.split("=")[0]).sort()).toEqual([...ids].sort());
      expect([...(await candidate.entries())].sort()).toEqual([...entries].sort());
      // Balances, and the payments of each account in their order.
      expect(await differencesBetween(control, candidate)).toEqual([]);
      const accounts = Object.values(await control.accounts());
      expect(accounts.reduce((sum, { cents }) => sum + cents, 0)).toBe(0);
      // Every answer that a caller had is what was booked.
      expect([...new Set(answers)].sort()).toEqual([...entries].sort());
      await control.close();
      await candidate.close();
    },
    isLong ? 3_600_000 : 120_000,
  );

  it.each(drawnByApi)(
    "lose nothing, double nothing and keep the order beside an API: $apiSide, $failpoint, $crash",
    async ({ apiSide, failpoint, crash }) => {
      cell += 1;
      const database = `beside${cell}`;
      await server.psql(`CREATE DATABASE ${database}`);
      const api = storedLedger("theirs");
      const { url, server: http } = await serveApi(api);
      const names: [string, string] = apiSide === "control" ? [url, database] : [database, url];
      const answers = await crashedRuns(names, failpoint, crash);
      const ledger = await postgresqlLedger({ name: "ours" }, { port: server.port, database });
      const entries = await ledger.entries();
      const ids = Array.from({ length: runs * operationsOfRun }, (_, n) => `p-${n}`);
      expect(entries.map((entry) => entry.split("=")[0]).sort()).toEqual([...ids].sort());
      expect([...api.booked].sort()).toEqual([...entries].sort());
      expect(await ledger.accounts()).toEqual(Object.fromEntries(api.accounts));
      expect([...new Set(answers)].sort()).toEqual([...entries].sort());
      await ledger.close();
      await new Promise((resolve) => http.close(resolve));
    },
    isLong ? 3_600_000 : 120_000,
  );
});
