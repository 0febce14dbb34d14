import type { KnipConfig } from "knip";
import { entry } from "./tsup.config.ts";

const config: KnipConfig = {
  entry: [
    ...Object.values(entry),
    "scripts/write-*.ts",
    "scripts/mutation/vitest.ts",
    "test/**/*.test.ts",
    "test/**/*.test-d.ts",
    "test/**/*.child.ts",
    "test/peers/*.ts",
    "bench/*.bench.ts",
    "examples/**/*.ts",
  ],
  project: ["src/**/*.ts", "scripts/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
  ignoreBinaries: ["openssl", "promtool", "redis-server"],
  include: ["files", "exports", "types", "unresolved", "unlisted", "binaries", "duplicates"],
  // Dead is what nobody uses. What its own file uses may be named by others: an exported function's options, say.
  ignoreExportsUsedInFile: true,
};

export default config;
