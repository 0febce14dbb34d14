import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { afterAll, describe, expect, it } from "vitest";
import { migrations, sqlPublisher } from "../../src/publishers/sql/index.ts";
import type { ReportModel } from "../../src/report/index.ts";
import { writeCorpus } from "../../src/testing/engine-corpus.ts";
import { called } from "./called.ts";

const folder = mkdtempSync(join(tmpdir(), "sidelane-engines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("sidelane report --engine", () => {
  it("reports from a SQLite file", async () => {
    const path = join(folder, "evidence.db");
    const db = new sqlite.Database(path);
    for (const { statements } of migrations("sqlite")) for (const statement of statements) db.exec(statement);
    const publisher = () => sqlPublisher({ dialect: "sqlite", execute: (sql, parameters) => db.run(sql, parameters) });
    await writeCorpus([publisher], { experiments: 2, processes: 3, minutes: 2, calls: 5 });
    db.close();
    const { out } = await called(["report", "--engine", "sqlite", "--url", `file:${path}`, "--json"]);
    expect(Object.keys((JSON.parse(out) as ReportModel).experiments)).toEqual([
      "experiment 0",
      "experiment 1",
      "payments",
    ]);
    const missing = await called(["report", "--engine", "sqlite", "--url", `${path}?prefix=none_`]);
    expect(missing.code).toBe(2);
    expect(missing.err).toContain("sqlite cannot be read: no such table: none_minutes");
  });

  it.each([
    [["--engine", "oracle"], "--engine takes "],
    [["--url", "postgres://db/x"], "--url goes with --engine"],
    [["--engine", "sqlite"], "--engine sqlite needs --url <file>"],
    [["--engine", "sqlite", "--url", "/nowhere/evidence.db"], "there is no file /nowhere/evidence.db"],
    [["--engine", "postgresql", "--url", "mysql://db"], "needs --url postgres://user@host/database"],
    [["--engine", "sqlite", "--url", "x.db", "results.ndjson"], "reads tables, and no files"],
  ])("says what is wrong with %j", async (args, message) => {
    const { code, out, err } = await called(["report", ...args]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });

  it("says in one sentence which package an engine needs", async () => {
    const here = process.cwd();
    const [, started] = process.argv;
    process.chdir(folder);
    process.argv[1] = join(folder, "sidelane");
    try {
      const { err } = await called(["report", "--engine", "postgresql", "--url", "postgres://ada@db/evidence"]);
      expect(err).toBe(
        "sidelane report: --engine postgresql needs the package pg, which is not installed here; run npm install pg\n",
      );
    } finally {
      process.chdir(here);
      process.argv[1] = started!;
    }
  });
});
