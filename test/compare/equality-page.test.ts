import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { equalityPage, nodeMajor } from "./equality-page.ts";

const page = readFileSync(new URL("../../docs/equality.md", import.meta.url), "utf8");

it.runIf(page.includes(`on Node ${nodeMajor};`))(
  "docs/equality.md is the table; `npm run docs:equality` writes it",
  () => {
    expect(page).toBe(equalityPage());
  },
);
