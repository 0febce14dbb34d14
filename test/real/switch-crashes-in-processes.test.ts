import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seededRandom } from "../../src/testing/index.ts";
import type { SideName } from "../../src/writes/index.ts";
import { runChild } from "../proof/child.ts";
import { differencesBetween, type Ledger } from "../writes/ledger.ts";
import { postgresqlLedger } from "../writes/postgresql-ledger.ts";
import { crashes, switchFailpoints } from "./failpoints.ts";
import { startPostgresql, withoutPostgresql, type RealPostgresql } from "./postgresql.ts";

const reason = withoutPostgresql === undefined ? "" : ` (skipped: ${withoutPostgresql})`;
const isLong = process.env["SWITCH_CRASHES"] !== undefined;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);
const all = (["candidate", "control"] as const).map((target) =>
  switchFailpoints
    // There has to be a way back from a candidate that records wrongly.
    .filter((failpoint) => target === "candidate" || !failpoint.startsWith("found."))
    .flatMap((failpoint) => crashes.map((crash) => ({ target, failpoint, crash }))),
);
/** All 81 by `npm run proof:switch`; of a normal run one each way. */
const drawn = isLong ? all.flat() : all.map((each) => each[Math.floor(random() * each.length)]!);

async function fencesOf(
  { side }: Ledger,
  name: SideName,
): Promise<readonly { authority: SideName; moving: boolean }[]> {
  const fences = await side.transaction((tx) => side.outbox.fences(tx, { name: "payments", side: name }));
  return fences.map(({ authority, moving }) => ({ authority, moving }));
}

describe.skipIf(withoutPostgresql !== undefined)(`moves of the authority that crash, seed ${seed}${reason}`, () => {
  let server: RealPostgresql;
  let cell = 0;
  beforeAll(async () => {
    server = await startPostgresql();
  }, 60_000);
  afterAll(() => server.stop());

  it.each(drawn)(
    "are finished or called back by the next worker: to $target, $failpoint, $crash",
    { timeout: 120_000 },
    async ({ target, failpoint, crash }) => {
      cell += 1;
      const names = [`old${cell}`, `new${cell}`] as const;
      for (const name of names) await server.psql(`CREATE DATABASE ${name}`);
      const run = (point: string, hit: number): ReturnType<typeof runChild> =>
        runChild("../real/switch.child.ts", [String(server.port), ...names, point, crash, String(hit), target]);
      const crashed = await run(failpoint, 1 + Math.floor(random() * 4));
      if (crash === "kill") expect(crashed).toMatchObject({ signal: "SIGKILL", stderr: "" });
      else expect(crashed).toMatchObject({ code: 0, stderr: "" });
      expect(crashed.stdout).toContain(`crashes at ${failpoint}`);
      if (failpoint.startsWith("found.")) expect(crashed.stdout).toContain("differs");
      const mended = await run("none", 0);
      expect(mended).toMatchObject({ code: 0, stderr: "" });

      const control = await postgresqlLedger({ name: "old" }, { port: server.port, database: names[0] });
      const candidate = await postgresqlLedger({ name: "new" }, { port: server.port, database: names[1] });
      // One side holds every bucket, both say so, and none moves.
      const held = Array.from({ length: 64 }, () => ({ authority: target, moving: false }));
      expect(await fencesOf(control, "control")).toEqual(held);
      expect(await fencesOf(candidate, "candidate")).toEqual(held);
      const entries = [...(await control.entries())].sort();
      expect([...(await candidate.entries())].sort()).toEqual(entries);
      expect(entries.map((entry) => entry.split("=")[0]).sort()).toEqual(
        Array.from({ length: 49 }, (_, n) => `p-${n}`).sort(),
      );
      expect(await differencesBetween(control, candidate)).toEqual([]);
      const answers = [crashed, mended].flatMap(({ stdout }) =>
        stdout.split("\n").filter((line) => line.includes("=")),
      );
      expect(answers.filter((answer) => !entries.includes(answer))).toEqual([]);
      // A process that knew the other authority has written on this one.
      expect(mended.stdout).toMatch(target === "candidate" ? /^stale new-/m : /^stale old-/m);
      await control.close();
      await candidate.close();
    },
  );
});
