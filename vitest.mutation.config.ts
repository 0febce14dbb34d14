import { defineConfig, type ViteUserConfig } from "vitest/config";

// The tests that mutants are to fail: no child processes, since what runs there is not mutated. Of `src/compare` those of
// its own folder: MUTATION_TESTS=compare.
const folders = (process.env["MUTATION_TESTS"] ?? "experiment,proof").split(",");
const config: ViteUserConfig = defineConfig({
  test: {
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    // Nor what looks at every exit for every secret, or simulates: a minute for each change, and of what it notices the others notice most.
    // A page of docs quotes messages, of which some tell how a function is written: a changed source is written otherwise.
    exclude: [
      "test/**/*in-processes.test.ts",
      "test/proof/secret-grid.test.ts",
      "test/proof/statistics.test.ts",
      "test/compare/equality-page.test.ts",
    ],
    setupFiles: ["test/conserved.setup.ts"],
    testTimeout: 60_000,
    // Every change pays for every test that reaches it.
    env: { CASES_SHARE: "0.05", FUZZ_RUNS: "300" },
    isolate: false,
  },
});

export default config;
