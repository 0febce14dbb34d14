import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

// Bytes that an entry may cost a program that bundles it alone: minified, gzipped, without the dependencies and `node:`
// modules. An entry that grows past its line has its reason in the commit that raises the line.
const limits: Readonly<Record<string, number>> = {
  ".": 65_600,
  "./compare": 18_700,
  "./rollout": 12_200,
  "./records": 13_300,
  "./render": 11_000,
  "./testing": 26_400,
  "./publishers/combine": 13_700,
  "./publishers/console": 14_400,
  "./publishers/diagnostics-channel": 1_600,
  "./publishers/kafka": 13_300,
  "./publishers/memory": 1_400,
  "./publishers/ndjson": 14_800,
  "./publishers/opentelemetry": 2_700,
  "./publishers/pino": 13_700,
  "./publishers/prometheus": 2_400,
  "./publishers/redis-stream": 13_200,
  "./publishers/sentry": 13_600,
  "./publishers/sql": 15_800,
  "./publishers/webhook": 16_800,
  "./stores/file": 2_600,
};

const entries = Object.entries(manifest.exports).flatMap(([subpath, conditions]) =>
  typeof conditions === "string" ? [] : [{ subpath, file: conditions.import.default }],
);

describe("the size of", () => {
  it.each(entries)("$subpath is within its limit", async ({ subpath, file }) => {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, "../..", file)],
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      platform: "neutral",
      packages: "external",
      external: ["node:*"],
    });
    const limit = limits[subpath];
    expect(limit, `${subpath} has no limit`).toBeDefined();
    expect(gzipSync(outputFiles[0]!.contents).length, `bytes of ${subpath}`).toBeLessThanOrEqual(limit!);
  });
});
