/** `npm run proof:<name>`: a proof at its full size, of which `npm test` draws a smaller one. `fleet` takes how many schedules it tries. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Proof {
  readonly files: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const proofs: Readonly<Record<string, Proof>> = {
  "law-one": { files: ["test/experiment/law-one.test.ts"], environment: { CASES_SHARE: "10" } },
  fuzz: {
    files: ["test/compare/fuzz.test.ts", "test/compare/planted.test.ts"],
    environment: { FUZZ_RUNS: "1000000" },
  },
  writes: { files: ["test/real/crashes-in-processes.test.ts"], environment: { SIDELANE_LONG: "20" } },
  switch: { files: ["test/real/switch-crashes-in-processes.test.ts"], environment: { SWITCH_CRASHES: "1" } },
  "writes-model": { files: ["test/writes/model.test.ts"], environment: { WRITES_MODEL_RUNS: "1000" } },
  http: {
    files: ["test/http/generated-exchanges.test.ts", "test/http/limits.test.ts"],
    environment: { HTTP_EXCHANGES: "1000", HTTP_MEGABYTES: "1024" },
  },
  proxy: {
    files: ["test/proxy/generated-exchanges.test.ts", "test/proxy/planted.test.ts", "test/proxy/limits.test.ts"],
    environment: {
      ...{ PROXY_EXCHANGES: "2000", PROXY_REQUESTS: "100000", PROXY_CONNECTIONS: "10000" },
      ...{ PROXY_MANY_REQUESTS: "1000000", PROXY_MEGABYTES: "1024" },
    },
  },
  bank: { files: ["test/real/bank-in-processes.test.ts"], environment: { BANK_SECONDS: "60" } },
  records: {
    files: ["test/report/kills-in-processes.test.ts", "test/records/read-records.test.ts"],
    environment: { KILLS: "100", SAMPLED_CALLS: "1000000" },
  },
  fleet: { files: ["test/real/partitions.test.ts"], environment: { PARTITIONS: process.argv[3] ?? "1000" } },
  clickhouse: { files: ["test/real/clickhouse.test.ts"], environment: { CHDB: join(tmpdir(), "sidelane-chdb") } },
  memory: { files: ["test/proof/memory-in-processes.test.ts"], environment: { SIDELANE_LONG: "1" } },
};

const [name = ""] = process.argv.slice(2);
const proof = proofs[name];
if (proof === undefined) {
  console.error(`There is no proof ${JSON.stringify(name)}. There are: ${Object.keys(proofs).join(", ")}`);
  process.exit(1);
}
// ClickHouse within this process is 543 MB: fetched for its proof alone, where no server is named.
const { CHDB } = proof.environment;
if (CHDB !== undefined && process.env["CLICKHOUSE_URL"] === undefined && !existsSync(join(CHDB, "node_modules/chdb"))) {
  mkdirSync(CHDB, { recursive: true });
  spawnSync("npm", ["install", "--prefix", CHDB, "chdb@3.4.0"], { stdio: "inherit" });
}
const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--reporter=verbose", "--testTimeout=3600000", ...proof.files],
  {
    stdio: "inherit",
    env: { ...process.env, ...proof.environment },
  },
);
process.exit(status ?? 1);
