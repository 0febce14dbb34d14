import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { optionsPage } from "../scripts/options-page.ts";

it("stands in docs/options.md as the tables and docstrings have it", () => {
  expect(readFileSync(join(import.meta.dirname, "../docs/options.md"), "utf8")).toBe(optionsPage());
});

it("says what every option does", () => {
  expect(optionsPage().match(/.*\| {2}\|$/gm) ?? []).toEqual([]);
});
