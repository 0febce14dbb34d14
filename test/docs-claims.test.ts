import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { table } from "./compare/equality-table.ts";
import { misdeeds, places } from "./proof/misdeeds.ts";
import { Counters } from "../src/experiment/record/counters.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** The rows of the tables below a heading, as cells without their padding. */
function rowsBelow(page: string, heading: string): string[][] {
  const [, after = ""] = read(page).split(`\n## ${heading}\n`);
  const [section = ""] = after.split("\n## ");
  return section
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[ :|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

const reasonsIn = (heading: string): string[] =>
  rowsBelow("docs/skip-reasons.md", heading)
    .flatMap(([first]) => /^`([\w-]+)`$/.exec(first!)?.[1] ?? [])
    .sort();

describe("docs/skip-reasons.md", () => {
  it("explains every reason why a call is skipped, and no other", () => {
    expect(reasonsIn("Not called: skips")).toEqual(Object.keys(new Counters().skips).sort());
  });

  it("explains every reason that a parallel handler adds, and no other", () => {
    const told = /export type HandlerSkip =\s+([^;]+);/.exec(read("src/http/counts.ts"))![1]!;
    const exchange = /export type ExchangeSkip = ([^;]+);/.exec(read("src/http/exchange/exchange.ts"))![1]!;
    const reasons = [...`${told} ${exchange}`.matchAll(/"([\w-]+)"/g)].map(([, reason]) => reason!);
    expect(reasonsIn("Not sent: requests")).toEqual(reasons.sort());
  });
});

describe("README.md", () => {
  it("names for each promise a test that there is", () => {
    const [, ...promises] = rowsBelow("README.md", "What is promised, and which test holds it");
    expect(promises.length).toBeGreaterThan(8);
    for (const [promise, heldBy] of promises) {
      const tests = [...heldBy!.matchAll(/`(test\/[^`]+)`/g)].map(([, file]) => file!);
      expect(tests, promise).not.toEqual([]);
      for (const test of tests) expect(existsSync(join(root, test)), test).toBe(true);
    }
  });

  it.each(["What one call does", "Limits"])("names for each line of `%s` a test that there is", (heading) => {
    const [, after = ""] = read("README.md").split(`\n## ${heading}\n`);
    const [section = ""] = after.split("\n## ");
    const [shown = "", hidden = ""] = section.split("<!-- held by");
    const heldBy = [...hidden.matchAll(/^\d+\. `(test\/[^`]+)`: "(.+)"$/gm)];
    expect(heldBy.length).toBeGreaterThan(0);
    expect(shown.match(/^(?:\d+\.|-) /gm)).toHaveLength(heldBy.length);
    for (const [, file, title] of heldBy) expect(read(file!), `${file}: ${title}`).toContain(title!);
  });

  it("has the numbers of its tests", () => {
    const text = read("README.md").replace(/\s+/g, " ");
    const pairs = Number(/(\d+) pairs of values/.exec(text)![1]);
    expect(pairs).toBeGreaterThan(table.length - 30);
    expect(pairs).toBeLessThanOrEqual(table.length);
    const ways = places.length * Object.keys(misdeeds).length;
    expect(text).toContain(`${ways} ways to misbehave, ${4 * ways - 2} calls`);
    expect(read("docs/guarantees.md")).toContain(`${4 * ways - 2} cells`);
    expect(read("test/experiment/law-one.test.ts")).toContain("cases(5_000)");
    expect(read("scripts/prove.ts")).toMatch(/"law-one": .*CASES_SHARE: "10"/);
    expect(text).toContain("50 000 generated cases (`npm run proof:law-one`), 5 000 a test run");
  });

  it("has the figures of docs/performance.md", () => {
    const [head, ...rows] = rowsBelow("README.md", "What it costs");
    const columns = ["direct call", "sidelane", "tzientist", "LaunchDarkly createMigration"];
    const sections: Readonly<Record<string, string>> = {
      "switched off, synchronous": "Switched off, synchronous",
      "compared, synchronous, tiny equal result": "Compared, synchronous, tiny equal result",
      "switched off, asynchronous": "Switched off, asynchronous",
      "compared, asynchronous, tiny equal result": "Compared, asynchronous, tiny equal result",
      "control of 1 ms beside a candidate of 20 ms": "Control of 1 ms beside a candidate of 20 ms, asynchronous",
    };
    expect(head!.slice(1).map((cell) => cell.replaceAll("`", ""))).toEqual([
      "no library",
      "Sidelane",
      "tzientist",
      "LaunchDarkly createMigration",
    ]);
    for (const [name, section] of Object.entries(sections)) {
      const measured = rowsBelow("docs/performance.md", section);
      const figures = columns.map((column) => measured.find(([first]) => first === column)?.[1] ?? "–");
      expect(rows.find(([first]) => first === name)?.slice(1), name).toEqual(figures);
    }
  });

  it("explains `inconclusive` and `ignored` where it first names them", () => {
    const text = read("README.md");
    for (const [word, explanation] of [
      ["inconclusive", "could not be told"],
      ["ignored", "declared as known"],
    ] as const) {
      const at = text.indexOf(`\`${word}\``);
      expect(text.slice(at, at + 120).replace(/\s+/g, " "), word).toContain(explanation);
    }
  });
});

describe("docs/guarantees.md", () => {
  it("names a test for each promise, among what stands below it", () => {
    const promises = read("docs/guarantees.md")
      .split(/\n(?=- |## )/)
      .filter((part) => part.startsWith("- ") && !part.startsWith("- `test/") && !/^- (?:of |`started`)/.test(part));
    expect(promises.length).toBeGreaterThan(30);
    expect(promises.filter((part) => !/\n {2}- `test\//.test(part))).toEqual([]);
  });
});

describe("docs/runtimes.md", () => {
  it("has a row for each runtime that the script is run on", () => {
    const list = /const runtimes: .*?= \{\n(.*?)\n\};/s.exec(read("scripts/test-runtimes.ts"))![1]!;
    const names = [...list.matchAll(/^ {2}(?! )"?([^":\n]+)"?: /gm)].map(([, name]) => name!);
    const rows = [
      ...read("docs/runtimes.md").matchAll(/^\| (?!runtime |-)(.+?) +\| [\d.]+ +\| (?:yes|–) +\| (?:yes|–) +\|$/gm),
    ].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(8);
    expect(rows).toEqual(names);
  });
});
