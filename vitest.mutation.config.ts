import { defineConfig, type ViteUserConfig } from "vitest/config";

// The tests that mutants are to fail: no child processes, since what runs there is not mutated.
const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/experiment/**/*.test.ts", "test/proof/**/*.test.ts"],
    exclude: ["test/**/*in-processes.test.ts"],
    setupFiles: ["test/conserved.setup.ts"],
    testTimeout: 5_000,
    // Every change pays for every test that reaches it.
    env: { CASES_SHARE: "0.05" },
    isolate: false,
  },
});

export default config;
