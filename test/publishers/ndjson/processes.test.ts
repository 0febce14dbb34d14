import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults } from "../../../src/records/index.ts";
import { seededRandom } from "../../../src/testing/seeded-random.ts";

const lanes = 2;
const killsPerLane = 50;
const folder = mkdtempSync(join(tmpdir(), "sidelane-processes-"));
const writer = join(folder, "writer.js");

beforeAll(async () => {
  // Bundled once, since each of the processes would spend half a second on compiling.
  await build({
    entry: { writer: join(import.meta.dirname, "writer.child.ts") },
    ...{ outDir: folder, format: "esm", target: "node20", platform: "node" },
    ...{ config: false, silent: true, clean: false, dts: false },
    outExtension: () => ({ js: ".js" }),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, name: string, ...rest: string[]): ChildProcess {
  return spawn(process.execPath, [writer, path, name, ...rest], { stdio: ["ignore", "ignore", "inherit"] });
}

// A second try must not read what the first one has written.
let files = 0;
const newFile = (kind: string): string => `${kind}-${++files}.ndjson`;

const wait = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Each of them by itself, and without an error. */
async function allEnd(writers: readonly ChildProcess[]): Promise<void> {
  const ends = await Promise.all(writers.map((each) => once(each, "exit")));
  expect(ends).toEqual(writers.map(() => [0, null]));
}

/** The numbers that each process has written, in the order in which they are found. */
async function numbersIn(paths: readonly string[]): Promise<Map<string, number[]>> {
  const numbers = new Map<string, number[]>();
  for (const path of paths) {
    for await (const { id } of readResults(path)) {
      const [name = "", number] = id.split("-");
      const known = numbers.get(name);
      if (known === undefined) numbers.set(name, [Number(number)]);
      else known.push(Number(number));
    }
  }
  return numbers;
}

describe("an NDJSON file and its processes", () => {
  it(`keeps every complete line of ${lanes * killsPerLane} processes that are killed while they write`, async () => {
    const random = seededRandom(3);
    async function killed(): Promise<void> {
      const path = join(folder, newFile("killed"));
      for (let kill = 0; kill < killsPerLane; kill++) {
        const before = sizeOf(path);
        const child = write(path, `kill${kill}`);
        while (sizeOf(path) <= before + 1_000) await wait(2);
        await wait(random() * 10);
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      const lines = readFileSync(path, "utf8").split("\n");
      const torn = lines.filter((line) => line !== "" && !isJson(line));
      expect(torn.length).toBeLessThanOrEqual(killsPerLane);
      const numbers = await numbersIn([path]);
      expect(numbers.size).toBe(killsPerLane);
      // Nothing before the torn line is missing: each process left a list without a gap.
      for (const written of numbers.values()) expect(written).toEqual(written.map((_, index) => index));
    }
    await Promise.all(Array.from({ length: lanes }, killed));
  });

  it("tears no line when four processes append to one file", async () => {
    const path = join(folder, newFile("shared"));
    await allEnd(["a", "b", "c", "d"].map((name) => write(path, name, "2000")));
    // Empty ones are none: a process that begins while another one is writing ends what looks like a torn line.
    const lines = readFileSync(path, "utf8").split("\n");
    expect(lines.filter((line) => line !== "" && !isJson(line))).toEqual([]);
    const numbers = await numbersIn([path]);
    for (const name of ["a", "b", "c", "d"]) {
      expect(numbers.get(name)!.length).toBeGreaterThanOrEqual(2_000);
      expect(numbers.get(name)).toEqual(numbers.get(name)!.map((_, index) => index));
    }
  });

  it("loses nothing when four processes rotate one file", async () => {
    const file = newFile("rotated");
    const path = join(folder, file);
    await allEnd(["a", "b", "c", "d"].map((name) => write(path, name, "1000", "200000")));
    const paths = readdirSync(folder)
      .filter((name) => name.startsWith(file) && /^(\.\d+)?$/.test(name.slice(file.length)))
      .map((name) => join(folder, name));
    expect(paths.length).toBeGreaterThan(3);
    const numbers = await numbersIn(paths);
    for (const name of ["a", "b", "c", "d"]) {
      const written = numbers.get(name)!.sort((one, other) => one - other);
      expect(written.length).toBeGreaterThanOrEqual(1_000);
      expect(written).toEqual(written.map((_, index) => index));
    }
  });
});

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
