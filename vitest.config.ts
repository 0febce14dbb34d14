import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/conserved.setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 3,
    // Many tests start processes, servers and browsers, on two cores. What passes only at the second try is said beside the tally.
    retry: 1,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary"], thresholds: { lines: 95 } },
  },
});

export default config;
