import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import type { MemoryStatus } from "../../src/experiment/deliver/memory-budget.ts";

const child = join(import.meta.dirname, "memory.child.ts");
const calls = process.env["SIDELANE_LONG"] === undefined ? 200 : 10_000;

interface Report {
  readonly counted: number;
  readonly used: number;
  readonly memory: MemoryStatus;
  readonly mismatched: number;
  readonly inconclusive: number;
}

async function run(mode: string): Promise<Report> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--max-old-space-size=400", "--expose-gc", "--import", "tsx", child, mode, String(calls)],
    { timeout: 1_800_000 },
  );
  return JSON.parse(stdout) as Report;
}

// `SIDELANE_LONG=1` for 10 000 calls in place of 200.
describe("a process of 400 MB", () => {
  it.each(["nobody", "quick"])(
    "survives mismatches of large pages, told to %s",
    async (mode) => {
      const { mismatched, inconclusive, counted, memory } = await run(mode);
      expect(mismatched + inconclusive).toBe(calls);
      expect(counted).toBeLessThan(memory.maxBytes);
    },
    1_800_000,
  );

  it.each(["hanging", "two hanging"])(
    "and counts what it keeps within a factor of two, where publishers are %s",
    async (mode) => {
      const { used, counted, memory } = await run(mode);
      expect(counted).toBeGreaterThan(memory.maxBytes / 2);
      expect(counted).toBeLessThanOrEqual(memory.maxBytes);
      expect(used / counted).toBeGreaterThan(0.5);
      expect(used / counted).toBeLessThan(2);
    },
    1_800_000,
  );
});
