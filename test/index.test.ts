import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const file = join(import.meta.dirname, "..", "src", "index.ts");
const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest);

/** The names that the front door exports, types apart from what exists at run time. */
function names(types: boolean): string[] {
  return source.statements.filter(ts.isExportDeclaration).flatMap(({ isTypeOnly, exportClause }) => {
    const elements = exportClause !== undefined && ts.isNamedExports(exportClause) ? exportClause.elements : [];
    return elements.filter((each) => (isTypeOnly || each.isTypeOnly) === types).map(({ name }) => name.text);
  });
}

describe("the front door", () => {
  it("has nine names at run time", () => {
    expect(names(false)).toEqual([
      "defaultLaboratory",
      "experiment",
      "science",
      "Laboratory",
      "MismatchError",
      "currentRun",
      "SidelaneError",
      "consolePublisher",
      "memoryPublisher",
    ]);
  });

  it("has at most 40 names of types, each once", () => {
    const types = names(true);
    expect(types.length).toBeGreaterThan(20);
    expect(types.length).toBeLessThanOrEqual(40);
    expect(new Set(types).size).toBe(types.length);
  });
});

it("every name that the package exports has a docstring", () => {
  const folder = join(import.meta.dirname, "..", "docs", "api");
  const undocumented = readdirSync(folder).flatMap((each) => {
    const found = readFileSync(join(folder, each), "utf8").matchAll(/^\/\/ @public \(undocumented\)\n(export .*)$/gm);
    return [...found].map(([, line]) => `${each}: ${line!}`);
  });
  expect(undocumented).toEqual([]);
});
