import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectPrinted, runFile } from "./documented.ts";
import { blocksOf, pagesOfDocs, printedBy } from "./docs.ts";

const root = join(import.meta.dirname, "..");
const folder = join(root, "reports", "readme");

const pages = ["README.md", ...pagesOfDocs()];
const blocks = pages.flatMap((page) => blocksOf(page, folder));

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const { file, code } of blocks) writeFileSync(file, code);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("README.md", () => {
  it("shows a running example with its result by line 20", () => {
    const lines = readFileSync(join(root, "README.md"), "utf8").split("\n").slice(0, 20);
    expect(lines.join("\n")).toMatch(/```ts\nimport .*\/\/ Prints:\n\/\/ ./s);
  });

  it("type-checks, every block of it and of the pages", () => {
    const path = join(root, "tsconfig.json");
    const { config } = ts.readConfigFile(path, (file) => readFileSync(file, "utf8"));
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram(
      blocks.map(({ file }) => file),
      { ...options, isolatedDeclarations: false, declaration: false },
    );
    const diagnostics = blocks.flatMap(({ file }) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)));
    const problems = diagnostics.map(({ file, messageText }) => {
      return `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
    expect(problems).toEqual([]);
  });

  const printing = blocks.flatMap((block) => {
    const documented = printedBy(block);
    return documented === undefined ? [] : [{ ...block, documented }];
  });

  it.concurrent.each(printing)("prints what it says: $name", async ({ file, documented }) => {
    const { code, output } = await runFile(file);
    expectPrinted(output, documented);
    expect(code).toBe(0);
  });
});
