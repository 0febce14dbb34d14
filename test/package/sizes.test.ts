import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

// Bytes that an entry may cost a program that bundles it alone: minified, gzipped, without the dependencies and `node:`
// modules. An entry that grows past its line has its reason in the commit that raises the line.
const limits: Readonly<Record<string, number>> = {
  ".": 84_400,
  "./compare": 21_000,
  "./rollout": 21_600,
  "./records": 14_400,
  "./render": 11_500,
  "./testing": 28_700,
  "./publishers/combine": 14_900,
  "./publishers/console": 16_600,
  "./publishers/diagnostics-channel": 2_100,
  "./publishers/kafka": 14_500,
  "./publishers/memory": 1_900,
  "./publishers/ndjson": 16_800,
  "./publishers/opentelemetry": 4_500,
  "./publishers/pino": 15_700,
  "./publishers/prometheus": 4_300,
  "./publishers/redis-stream": 14_400,
  "./publishers/sentry": 15_500,
  "./publishers/sql": 18_500,
  "./publishers/webhook": 18_900,
  "./stores/file": 3_200,
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
