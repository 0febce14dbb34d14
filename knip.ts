import type { KnipConfig } from "knip";
import { entry } from "./tsup.config.ts";

const config: KnipConfig = {
  entry: [...Object.values(entry), "test/**/*.test.ts", "bench/*.bench.ts", "examples/**/*.ts"],
  project: ["src/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
  include: ["files", "exports", "types", "unresolved", "unlisted", "binaries", "duplicates"],
  // An exported function's options are part of what it says, whoever names them.
  ignoreExportsUsedInFile: { interface: true, type: true },
};

export default config;
