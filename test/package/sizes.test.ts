import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

// Bytes that an entry may cost a program that bundles it alone: minified, gzipped, without the dependencies and `node:`
// modules. An entry that grows past its line has its reason in the commit that raises the line.
const limits: Readonly<Record<string, number>> = {
  ".": 97_400,
  "./compare": 23_500,
  "./rollout": 36_900,
  "./records": 16_900,
  "./render": 12_300,
  "./http": 122_600,
  "./report": 67_400,
  // Its corpus of records is made by laboratories. It is no part of what ships to production.
  "./testing": 141_900,
  "./recipes": 3_000,
  "./publishers/combine": 16_200,
  "./publishers/console": 19_000,
  "./publishers/diagnostics-channel": 2_100,
  "./publishers/kafka": 17_100,
  "./publishers/memory": 1_900,
  "./publishers/ndjson": 20_000,
  "./publishers/opentelemetry": 5_000,
  "./publishers/pino": 18_000,
  "./publishers/prometheus": 4_800,
  "./publishers/redis-stream": 16_800,
  "./publishers/sentry": 17_300,
  "./publishers/clickhouse": 18_700,
  "./publishers/sql": 23_000,
  "./publishers/webhook": 21_100,
  "./writes": 130_800,
  "./stores/file": 9_200,
  "./stores/memory": 6_400,
  "./stores/postgresql": 11_600,
  "./stores/redis": 11_400,
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

describe("the sizes in README", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const [, ...cells] = /^\| in a bundle, minified and gzipped +\|(.*)\|$/m.exec(readme)![1]!.split("|");
  const code = {
    sidelane: `export { experiment } from "./dist/index.js"`,
    tzientist: `export { experiment, experimentAsync } from "tzientist"`,
    "@launchdarkly/node-server-sdk": `export { init, createMigration } from "@launchdarkly/node-server-sdk"`,
  };

  it.each(Object.entries(code).map(([name, contents], index) => ({ name, contents, said: cells[index]!.trim() })))(
    "are those of a program that imports $name: $said",
    async ({ contents, said }) => {
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: join(import.meta.dirname, "../..") },
        bundle: true,
        write: false,
        minify: true,
        format: "esm",
        platform: "node",
        // Imported when a difference is first drawn.
        external: ["node:*", "jsondiffpatch"],
        logLevel: "error",
      });
      const kilobytes = gzipSync(outputFiles[0]!.contents).length / 1_000;
      expect(Math.abs(kilobytes - Number(said.replace(" kB", "")))).toBeLessThan(3);
    },
  );
});
