import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testPublisher } from "../../src/testing/test-publisher.ts";
import { openers } from "./openers.ts";

for (const [subpath, variants] of Object.entries(openers)) {
  for (const [variant, open] of Object.entries(variants)) {
    testPublisher([subpath, variant].filter(Boolean).join(", "), open, { describe, it });
  }
}

describe("the conformance suite", () => {
  it("is run by every publisher that the package has", () => {
    const manifest = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
    const { exports } = JSON.parse(manifest) as { exports: Record<string, unknown> };
    const subpaths = Object.keys(exports).filter((subpath) => subpath.startsWith("./publishers/"));
    // `privacy` is what publishers are made with, and none itself.
    expect(Object.keys(openers).sort()).toEqual(
      subpaths
        .map((subpath) => subpath.slice("./publishers/".length))
        .filter((name) => name !== "privacy")
        .sort(),
    );
  });

  it.each(Object.entries(openers))(
    "sees what %s writes, unless it hands on results within the process",
    async (subpath, variants) => {
      for (const open of Object.values(variants)) {
        const { written, cleanUp } = await open();
        expect(written === undefined).toBe(["memory", "diagnostics-channel"].includes(subpath));
        await cleanUp?.();
      }
    },
  );
});
