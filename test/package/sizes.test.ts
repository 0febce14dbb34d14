import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

// Bytes that an entry may cost a program that bundles it alone: minified, gzipped, without the dependencies and `node:`
// modules. An entry that grows past its line has its reason in the commit that raises the line.
const limits: Readonly<Record<string, number>> = {
  ".": 51_500,
  "./compare": 12_600,
  "./rollout": 11_700,
  "./records": 8_400,
  "./render": 8_200,
  "./testing": 19_000,
  "./publishers/combine": 9_000,
  "./publishers/console": 9_700,
  "./publishers/diagnostics-channel": 1_600,
  "./publishers/kafka": 8_200,
  "./publishers/memory": 1_400,
  "./publishers/ndjson": 9_400,
  "./publishers/opentelemetry": 2_700,
  "./publishers/pino": 8_900,
  "./publishers/prometheus": 2_400,
  "./publishers/redis-stream": 8_200,
  "./publishers/sentry": 8_800,
  "./publishers/sql": 10_600,
  "./publishers/webhook": 11_700,
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
