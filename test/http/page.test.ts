import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { headerDefaults } from "../../src/http/responses/header-rules.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/http.md"), "utf8");

it.each(headerDefaults)("docs/http.md lists the headers that are $rule since they are $why", ({ names, rule, why }) => {
  const row = page.split("\n").find((line) => line.startsWith("|") && line.includes(` ${why} `));
  const cells = row!.split("|").map((cell) => cell.trim());
  expect(cells[1]).toBe(names.map((name) => `\`${name}\``).join(", "));
  expect(cells[2]).toBe(`\`${rule}\``);
});
