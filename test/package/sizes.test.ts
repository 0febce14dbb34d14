import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

// Bytes that an entry may cost a program that bundles it alone: minified, gzipped, without the dependencies and `node:`
// modules. An entry that grows past its line has its reason in the commit that raises the line.
const limits: Readonly<Record<string, number>> = {
  ".": 77_500,
  "./compare": 21_000,
  "./rollout": 21_600,
  "./records": 14_000,
  "./render": 11_500,
  "./testing": 28_700,
  "./publishers/combine": 14_400,
  "./publishers/console": 15_200,
  "./publishers/diagnostics-channel": 2_100,
  "./publishers/kafka": 14_200,
  "./publishers/memory": 1_900,
  "./publishers/ndjson": 15_700,
  "./publishers/opentelemetry": 3_100,
  "./publishers/pino": 14_600,
  "./publishers/prometheus": 2_900,
  "./publishers/redis-stream": 14_100,
  "./publishers/sentry": 14_400,
  "./publishers/sql": 16_700,
  "./publishers/webhook": 17_700,
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
