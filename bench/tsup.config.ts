import { defineConfig } from "tsup";

// Measured as it ships: bundled, its functions not renamed by a loader.
const config: ReturnType<typeof defineConfig> = defineConfig({
  entry: [
    "bench/performance.ts",
    "bench/clickhouse.bench.ts",
    "bench/engines.bench.ts",
    "bench/fleet.bench.ts",
    "bench/fleet-load.bench.ts",
    "bench/footprint.ts",
    "bench/http-server.ts",
    "bench/proxy.bench.ts",
    "bench/records.bench.ts",
    "bench/services.bench.ts",
    "bench/reconcile.bench.ts",
    "bench/writes.bench.ts",
    "bench/dashboard.bench.ts",
    "bench/dashboard-server.ts",
  ],
  format: "esm",
  outDir: ".bench",
  skipNodeModulesBundle: true,
  silent: true,
});

export default config;
