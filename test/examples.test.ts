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
});
