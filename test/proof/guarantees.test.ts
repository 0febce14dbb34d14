import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("docs/guarantees.md", () => {
  const named = [...read("docs/guarantees.md").matchAll(/- `(test\/[^`]+)`: "(.+)"$/gm)];

  it("names a test for every promise", () => {
    expect(named.length).toBeGreaterThan(25);
  });

  it.each(named.map(([, file, title]) => [file!, title!]))("names a test that there is: %s, %s", (file, title) => {
    expect(read(file)).toContain(`"${title}"`);
  });
});
