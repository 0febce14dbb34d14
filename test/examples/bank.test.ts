import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

it("the bank's demo finds its planted fault, repairs it, and switches there and back", () => {
  const args = ["--import", "tsx", join(root, "examples/bank/demo.ts")];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    timeout: 50_000,
  });
  expect(stderr).toBe("");
  expect(stdout.split("\n").map((line) => line.trim())).toEqual([
    "1. The old ledger books eleven deposits; the new one follows.",
    "2. All records are compared.",
    "ann is different",
    "bob is different",
    "total: control 15695, candidate 15690",
    "3. The switch is asked for, and refused.",
    "the last reconciliation was not clean: 3 keys, 2 findings, 0 inconclusive, 1 invariants",
    "4. The fault is mended, and the records are repaired.",
    "3 accounts compared, 0 differ, clean",
    "5. The authority moves to the new ledger; the old one follows.",
    "d-12 is booked by the new ledger",
    "6. And back.",
    "d-13 is booked by the old ledger",
    "3 accounts compared, all equal: 17721 and 17721 cents",
    "",
  ]);
  expect(status).toBe(0);
}, 60_000);
