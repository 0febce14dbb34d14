import { beforeAll, describe, expect, it } from "vitest";
import { htmlOf, markdownOf, textOf, type ReportModel } from "../../src/report/index.ts";
import { mismatchesNamed } from "./mismatches-named.ts";

const count = 5_000;
// 200 characters each, among them Hebrew, marks that turn the direction, and a line of Markdown's tables.
const names = Array.from({ length: count }, (_, index) => `מחיר \u202e|${index}`.padEnd(200, "name "));
const shown = (index: number): RegExp => new RegExp(`\\|${index}n`);

describe("a report of 5 000 experiments with names of 200 characters", { timeout: 120_000 }, () => {
  let model: ReportModel;
  beforeAll(async () => {
    model = await mismatchesNamed(names, 2);
  }, 120_000);

  it("names each in the text", () => {
    const text = textOf(model, { width: 300 });
    const missing = names.filter((_, index) => !shown(index).test(text));
    expect(missing).toEqual([]);
    expect(text).not.toContain("\u202e");
  });

  it("leaves whole rows and sections out of Markdown, and says how many", () => {
    const markdown = markdownOf(model);
    expect(markdown.length).toBeLessThanOrEqual(60_000);
    const rows = markdown.split("\n").filter((line) => /^\| .* INSUFFICIENT /.test(line)).length;
    const sections = markdown.split("\n").filter((line) => line.startsWith("#### ")).length;
    const told = /\n([\d ]+) rows and ([\d ]+) sections were left out/.exec(markdown)!;
    expect(rows).toBeGreaterThan(50);
    expect([told[1], told[2]].map((each) => Number(each!.replace(/\s/g, "")))).toEqual([
      count - rows,
      count - sections,
    ]);
  });

  it("has a card and a section of each on the page", async () => {
    const page = await htmlOf(model);
    if (process.env["FIGURES"] !== undefined) console.log(`${Buffer.byteLength(page)} bytes`);
    expect(page.match(/<li class=/g)).toHaveLength(count);
    expect(page.match(/<section id="experiment-/g)).toHaveLength(count);
    expect(page).not.toContain("\u202e");
    // Those that do not fit are told in short, with the command that shows the rest.
    expect(Buffer.byteLength(page)).toBeLessThan(26_000_000);
    const inShort = page.match(/The rest is left out/g)!.length;
    expect(page.match(/<table class="groups">/g)).toHaveLength(count - inShort);
    expect(page.match(/<span class="verdict">◐ INSUFFICIENT<\/span><\/h3>/g)).toHaveLength(count);
  });
});
