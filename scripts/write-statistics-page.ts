/**
 * Simulates every promise of the verdict at full size, with a fixed seed, and writes docs/statistics.md:
 * `npm run proof:statistics`. Takes some minutes; fails where a promise does not hold. `npm test` draws fewer runs.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { findings, type Finding } from "../test/proof/statistics/table.ts";

const target = join(import.meta.dirname, "../docs/statistics.md");
const all: Finding[] = [];
for (const finding of findings(Number(process.argv[2] ?? 1))) {
  console.log(`${finding.holds ? "holds" : "FAILS"}  ${finding.what}: ${finding.found} (${finding.promised})`);
  all.push(finding);
}
if (process.argv[2] === undefined) {
  const rows = all.map(
    ({ what, promised, found, holds }) => `| ${what} | ${promised} | ${found}${holds ? "" : ", **fails**"} |`,
  );
  const page = `# What the verdict promises, simulated

Written by \`npm run proof:statistics\`, with a fixed seed; \`npm test\` draws fewer runs of each. How it is judged:
[rollout.md](rollout.md). A candidate "at the tolerated rate" is the worst one that must not be called ready.

| what happens | promised | found |
| --- | --- | --- |
${rows.join("\n")}
`;
  writeFileSync(target, await format(page, { ...(await resolveConfig(target)), parser: "markdown" }));
}
process.exitCode = all.every(({ holds }) => holds) ? 0 : 1;
