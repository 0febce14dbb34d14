import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { documentedOutput, expectPrinted, runFile } from "./documented.ts";

const folder = join(import.meta.dirname, "../examples");
const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));

describe("the examples", () => {
  it.concurrent.each(files)("%s prints what it says", async (file) => {
    const source = readFileSync(join(folder, file), "utf8");
    const documented = documentedOutput(source);
    expect(source, "an example starts at its imports").toMatch(/^import /);
    expect(documented, `${file} ends with a \`// Prints:\` comment`).toBeDefined();
    const { code, output } = await runFile(join(folder, file));
    expectPrinted(output, documented!);
    expect(code).toBe(0);
  });

  it("for Nest, whose decorators are of the older kind, prints what it says", async () => {
    const file = join(folder, "nest/main.ts");
    const environment = { TSX_TSCONFIG_PATH: join(folder, "nest/tsconfig.json") };
    const { code, output } = await runFile(file, [], environment);
    expectPrinted(output, documentedOutput(readFileSync(file, "utf8"))!);
    expect(code).toBe(0);
  });

  it("for Nest type-checks", () => {
    const tsc = join(folder, "../node_modules/typescript/bin/tsc");
    expect(execFileSync(process.execPath, [tsc, "-p", join(folder, "nest")], { encoding: "utf8" })).toBe("");
  });

  it("stand all in README or on the page of recipes", () => {
    const pages = ["README.md", "docs/recipes.md", "docs/comparison-calls.md"].map((page) =>
      readFileSync(join(folder, "..", page), "utf8"),
    );
    expect(files.filter((file) => !pages.some((page) => page.includes(`examples/${file}`)))).toEqual([]);
  });
});
