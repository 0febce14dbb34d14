import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Page } from "../../examples/markdown-migration/corpus.ts";
import { packageReadmes, specExamples } from "../../examples/markdown-migration/corpus.ts";
import { askSpec } from "../../examples/markdown-migration/spec.ts";
import { treeOf } from "../../examples/markdown-migration/tree.ts";
import { runFile } from "../documented.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sidelane-demo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the demonstration", () => {
  it("compares every page twice, tells progress, and writes its results where it says", async () => {
    const { code, output } = await runFile(join(root, "examples/markdown-migration/demo.ts"), ["40", folder]);
    expect(code).toBe(0);
    expect(output).toMatch(/^50 of 80 pages, \d+ mismatches$/m);
    expect(output).toMatch(/\| marked \(control\) +\| \d+\.\d\d ms \|/);
    expect(output).toMatch(/^0 results lost; /m);
    // Examples 32 and 33 are about percent-encoding, which marked leaves out.
    expect(output).toContain("2 × link targets");
    expect(output).toMatch(/Of the 40 examples .* marked renders 38 .* markdown-it 40\./);

    const results = readFileSync(join(folder, "results.ndjson"), "utf8").trimEnd().split("\n");
    expect(results.length).toBe(160);
    const kinds = results.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind === "inconclusive")).toEqual([]);
    expect(output).toContain(`80 of 80 pages, ${kinds.filter((kind) => kind === "mismatch").length} mismatches`);
    expect(output).toContain(readFileSync(join(folder, "report.md"), "utf8").trim());
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("<table>");
  });

  it("finds the same READMEs every time, in order, each once and within bounds", () => {
    const readmes = packageReadmes(50, 20_000);
    expect(readmes).toEqual(packageReadmes(50, 20_000));
    expect(readmes.map(({ id }) => id)).toEqual(readmes.map(({ id }) => id).sort());
    expect(new Set(readmes.map(({ markdown }) => markdown)).size).toBe(50);
    expect(Math.max(...readmes.map(({ markdown }) => Buffer.byteLength(markdown)))).toBeLessThanOrEqual(20_000);
  });

  it("takes every example of the specification", () => {
    expect(specExamples().length).toBe(652);
  });
});

describe("a page as a browser shows it", () => {
  it.each([
    ["<p>a</p>\n<p>b</p>", "<p>a</p><p>b</p>"],
    ["<p>a &quot;b&quot;</p>", '<p>a "b"</p>'],
    ["a<br />b", "a<br>b"],
    ['<a href="/x" title="t">a</a>', '<a title="t" href="/x">a</a>'],
    ["<p>a <!-- b --> c</p>", "<p>a c</p>"],
    ["<ul>\n<li>a\n</li></ul>", "<ul><li>a</li></ul>"],
  ])("is the same for %j and %j", (a, b) => {
    expect(treeOf(a)).toEqual(treeOf(b));
  });

  it.each([
    ["<p>a</p>", "<h1>a</h1>"],
    ["<div><div></div></div>", "<div></div><div></div>"],
    ["<p>a <b>b</b></p>", "<p>a<b>b</b></p>"],
    ["<pre>a\n b</pre>", "<pre>a b</pre>"],
    ['<a href="/x">a</a>', '<a href="/y">a</a>'],
    ["<p>a</p>", "<p>a</p><p></p>"],
  ])("is not the same for %j and %j", (a, b) => {
    expect(treeOf(a)).not.toEqual(treeOf(b));
  });
});

describe("asking the specification", () => {
  const pages: readonly Page[] = ["a", "b", "c", "d"].map((id) => ({
    id,
    dialect: "commonmark",
    markdown: id,
    ...(id === "d" ? {} : { expected: `<p>${id}</p>` }),
  }));

  it("says who is right where two renderers differ, and counts only what has an expected answer", () => {
    const renderOld = ({ id }: Page) => (id === "a" ? "<p>a</p>" : "wrong");
    const renderNew = ({ id }: Page) => (id === "c" ? "wrong as well" : `<p>${id === "a" ? "x" : id}</p>`);
    expect(askSpec(pages, renderOld, renderNew)).toEqual({
      examples: 3,
      oldRight: 1,
      newRight: 1,
      disputed: [
        { id: "a", right: "old" },
        { id: "b", right: "new" },
        { id: "c", right: "neither" },
      ],
    });
  });
});
