import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRecords } from "../../src/records/index.ts";
import { summary, textOf, type ReportModel } from "../../src/report/index.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { callsOf } from "./calls-of.ts";

const kills = Number(process.env["KILLS"] ?? 20);
const folder = mkdtempSync(join(tmpdir(), "sidelane-killed-"));
const child = join(folder, "killed.js");

beforeAll(async () => {
  // Bundled once, since each of the processes would spend half a second on compiling.
  await build({
    entry: { killed: join(import.meta.dirname, "killed.child.ts") },
    ...{ outDir: folder, format: "esm", target: "node20", platform: "node" },
    ...{ config: false, noExternal: [/./], silent: true, clean: false, dts: false },
    outExtension: () => ({ js: ".js" }),
  });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wait = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

interface Expected {
  calls: number;
  skips: number;
  mismatches: number;
}

/** What the process had done by the end of a minute. */
function doneBy(minutes: number): Expected {
  const done = { calls: 0, skips: 0, mismatches: 0 };
  for (let minute = 1; minute <= minutes; minute++) {
    for (let call = 0; call < callsOf(minute); call++) {
      done.calls += 1;
      if (call % 4 === 1) done.skips += 1;
      else if (call % 5 === 0) done.mismatches += 1;
    }
  }
  return done;
}

/** How many whole counts of the experiment are in a file. */
async function talliesIn(path: string): Promise<number> {
  let tallies = 0;
  for await (const record of readRecords(path)) if (record.type === "tally" && "experiment" in record) tallies += 1;
  return tallies;
}

function conserved(model: ReportModel): Expected {
  const experiment = model.experiments["price"];
  if (experiment === undefined) return { calls: 0, skips: 0, mismatches: 0 };
  const { calls, started, skips, candidates } = experiment;
  const { counts } = candidates["candidate"]!;
  const skipped = Object.values(skips).reduce((sum, each) => sum + each, 0);
  const compared = Object.values(counts).reduce((sum, each) => sum + each, 0);
  expect(calls).toBe(compared + skipped);
  expect(started).toBe(compared);
  return { calls, skips: skipped, mismatches: counts.mismatch };
}

describe("a process that is killed while it writes", () => {
  it(
    `leaves a file that is right up to its last whole counts, ${kills} times, and the report says so`,
    { timeout: 600_000 },
    async () => {
      const random = seededRandom(5);
      let torn = 0;
      for (let kill = 0; kill < kills; kill++) {
        const path = join(folder, `${kill}.ndjson`);
        const process_ = spawn(process.execPath, [child, path], { stdio: ["ignore", "ignore", "inherit"] });
        const exit = once(process_, "exit");
        while (sizeOf(path) === 0 && process_.exitCode === null) await wait(2);
        await wait(random() * 120);
        process_.kill("SIGKILL");
        await exit;
        const model = await summary(path);
        // One line of counts a minute, since there is one candidate.
        const minutes = await talliesIn(path);
        if (minutes > 0) expect(conserved(model)).toEqual(doneBy(minutes));
        // Before the first counts its results are all there is, and the report says that it counted by them.
        else if (model.experiments["price"]?.candidates["candidate"]?.matchRate !== undefined)
          expect(textOf(model)).toContain("counted from results by their weights");
        torn += model.lost.torn;
        const { torn: passed, ...others } = model.lost;
        expect(passed).toBeLessThanOrEqual(1);
        expect(others).toMatchObject({ records: 0, minutes: 0, versions: 0, types: 0 });
        expect(Object.values(model.processes)).toMatchObject([{ ended: false }]);
        expect(textOf(model, { width: 200 })).toContain("1 without an end: counts are right up to their last minute");
      }
      expect(torn).toBeLessThanOrEqual(kills);
    },
  );

  it("has an end in its file where it was let to come to it", { timeout: 60_000 }, async () => {
    const path = join(folder, "ended.ndjson");
    await once(spawn(process.execPath, [child, path, "30"], { stdio: ["ignore", "ignore", "inherit"] }), "exit");
    const model = await summary(path);
    expect(conserved(model)).toEqual(doneBy(30));
    expect(Object.values(model.processes)).toMatchObject([{ ended: true }]);
    expect(textOf(model, { width: 200 })).not.toContain("without an end");
  });
});
