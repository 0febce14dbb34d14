import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { llmsText } from "../scripts/llms.ts";
import { sections } from "../scripts/pages.ts";
import { pagesOfDocs } from "./docs.ts";

const root = join(import.meta.dirname, "..");

describe("llms.txt", () => {
  it("is what `npm run docs:llms` makes of README and the pages", () => {
    expect(readFileSync(join(root, "llms.txt"), "utf8")).toBe(llmsText());
  });

  it("names every page once, and none that is not there", () => {
    const pages = sections.flatMap(({ pages: each }) => each);
    expect(pages.filter((page) => !existsSync(join(root, page)))).toEqual([]);
    expect(pages.filter((page) => page.startsWith("docs/")).sort()).toEqual(
      pagesOfDocs().filter((page) => page !== "docs/index.md"),
    );
  });
});
