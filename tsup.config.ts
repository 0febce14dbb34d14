import { existsSync } from "node:fs";
import { defineConfig } from "tsup";
import manifest from "./package.json" with { type: "json" };

// One entry per subpath of `exports`, so that the two lists cannot drift apart.
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== "./package.json");

function sourceOf(name: string): string {
  const folder = `src/${name}/index.ts`;
  return existsSync(folder) ? folder : `src/${name}.ts`;
}

export const entry: Readonly<Record<string, string>> = Object.fromEntries(
  subpaths.map((subpath) =>
    subpath === "." ? ["index", "src/index.ts"] : [subpath.slice(2), sourceOf(subpath.slice(2))],
  ),
);

const config: ReturnType<typeof defineConfig> = defineConfig({
  entry: { ...entry },
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
