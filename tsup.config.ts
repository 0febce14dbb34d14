import { defineConfig } from "tsup";
import { builtName, entries } from "./scripts/entries.ts";

/** What is built, and from which file. */
export const entry: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(entries).map(([subpath, file]) => [builtName(subpath), file]),
);

const config: ReturnType<typeof defineConfig> = defineConfig({
  // What `bin` in package.json runs.
  entry: { ...entry, cli: "src/cli/main.ts" },
  format: ["esm", "cjs"],
  target: "node20",
  platform: "neutral",
  external: [/^node:/],
  dts: true,
  clean: true,
  // `fs` without its prefix may be a package's name.
  removeNodeProtocol: false,
  sourcemap: false,
  // Shared chunks keep one copy of every class; without `treeshake` they would turn `import()` into `require()`.
  splitting: true,
  treeshake: true,
});

export default config;
