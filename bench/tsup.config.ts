import { defineConfig } from "tsup";

// Measured as it ships: bundled, its functions not renamed by a loader.
export default defineConfig({
  entry: ["bench/performance.ts"],
  format: "esm",
  outDir: ".bench",
  skipNodeModulesBundle: true,
  silent: true,
});
