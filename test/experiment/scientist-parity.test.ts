import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(root, "docs", "scientist-parity.md"), "utf8");
const rows = page.split("\n").filter((line) => /^\| [SF]?\d/.test(line));

function tests(): string {
  const folder = join(root, "test");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") || file.endsWith(".test-d.ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("\n");
}

it("the page of Scientist's promises names tests that exist, for every promise that is not put aside", () => {
  const all = tests();
  for (const row of rows) {
    const held = row.split("|").at(-2)!;
    if (/does not apply/.test(row)) continue;
    expect(/`/.test(held), row).toBe(true);
    for (const name of held.matchAll(/`([^`]+)`/g)) expect(all, row).toContain(name[1]!);
  }
});

it("the page of Scientist's promises leaves none out", () => {
  const numbers = new Set<string>();
  for (const row of rows) {
    for (const [, prefix = "", from, to] of row.split("|")[1]!.matchAll(/([SF]?)(\d+)(?:–(\d+))?/g)) {
      for (let n = Number(from); n <= Number(to ?? from); n++) numbers.add(`${prefix}${n}`);
    }
  }
  for (let n = 1; n <= 94; n++) expect(numbers).toContain(String(n));
  for (let n = 1; n <= 22; n++) expect(numbers).toContain(`S${n}`);
  for (let n = 1; n <= 18; n++) expect(numbers).toContain(`F${n}`);
});
