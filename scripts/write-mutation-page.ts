// Writes docs/mutation.md from what `npm run mutation` and `mutation:quick` have left. Run: npm run docs:mutation [report.json …]
// Several reports, each of some of the files, make one page; what a later one says of a file holds.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { wilson } from "../src/stats/interval.ts";

interface Report {
  readonly config?: { readonly of?: { readonly folder: string; readonly changes: number; readonly drawn: number } };
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

interface Row {
  readonly name: string;
  readonly changes: number;
  readonly noticed: number;
}

const folder = "src/";
// Neither makes a change that runs: one does not compile, the other runs only while a module loads.
const uncounted = new Set(["RuntimeError", "CompileError", "Ignored"]);
const given = process.argv.slice(2);
const reports = (given.length > 0 ? given : ["reports/mutation.json"]).map(
  (path) => JSON.parse(readFileSync(path, "utf8")) as Report,
);
const isSample = ({ config }: Report): boolean => config?.of !== undefined && config.of.drawn < config.of.changes;

const rowsOf = (some: readonly Report[]): Row[] =>
  Object.entries(Object.assign({}, ...some.map(({ files }) => files)) as Report["files"])
    .map(([path, { mutants }]) => {
      const counted = mutants.filter(({ status }) => !uncounted.has(status));
      const noticed = counted.filter(({ status }) => status === "Killed" || status === "Timeout").length;
      return { name: path.replace(folder, ""), changes: counted.length, noticed };
    })
    .filter(({ changes }) => changes > 0)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
const page = new URL("../docs/mutation.md", import.meta.url);
/** The cells of the page's rows as they are, by the first of them: what no report speaks of stays. */
const written = readFileSync(page, "utf8")
  .split("\n")
  .filter((text) => text.startsWith("| `"))
  .map((text) => text.slice(2, -2).split(" | "));
const measured = rowsOf(reports.filter((report) => !isSample(report)));
const rows = written
  .map(([name = "", changes, noticed]) => ({
    name: name.slice(1, -1),
    changes: Number(changes),
    noticed: Number(noticed),
  }))
  .filter(({ name }) => name.endsWith(".ts") && existsSync(folder + name) && !measured.some((row) => row.name === name))
  .concat(measured)
  .sort((one, other) => (one.name < other.name ? -1 : 1));

const sum = (some: readonly Row[], of: (row: Row) => number): number => some.reduce((total, row) => total + of(row), 0);
const together = (some: readonly Row[], name: string): Row => ({
  name,
  changes: sum(some, ({ changes }) => changes),
  noticed: sum(some, ({ noticed }) => noticed),
});

function line(name: string, { changes, noticed }: Row): string {
  return `| ${name} | ${changes} | ${noticed} | ${((100 * noticed) / changes).toFixed(1)} % |`;
}

const folderOf = ({ name }: Row): string => dirname(name);
const folders = [...new Set(rows.map(folderOf))].map((name) =>
  together(
    rows.filter((row) => folderOf(row) === name),
    name,
  ),
);

const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
const drawn = reports.filter(isSample).map((report) => {
  const { changes, noticed } = together(rowsOf([report]), "");
  const { low, high } = wilson(noticed, changes);
  const { folder: name, changes: all } = report.config!.of!;
  const cells = [`\`${name.replace(folder, "")}\``, `${changes} of ${all}`, `${noticed}`, percent(noticed / changes)];
  return [...cells, `${percent(low)} to ${percent(high)}`];
});
const samples = written
  .filter(([name, tried]) => tried?.includes(" of ") && !drawn.some(([other]) => other === name))
  .concat(drawn)
  .sort(([one = ""], [other = ""]) => (one < other ? -1 : 1))
  .map((cells) => `| ${cells.join(" | ")} |`);

writeFileSync(
  page,
  `# Mutation testing

<!-- Written by \`npm run docs:mutation\` from what \`npm run mutation\` and \`npm run mutation:quick\` have found. -->

Stryker changes the sources in one place at a time (a comparison turned round, a condition that always holds, a call left
out), and the tests run that reach that place. A change that no test notices has survived. Tests in processes of their own
are left out: what runs there is not changed. Noticed are changes that make a test fail, or that hang it. Of every
property a twentieth of its cases is tried. What runs only while a module loads is not counted. Files that are not listed
have not been measured; \`begin\`, \`gates\`, \`route\`, \`run\`, \`contents\`, \`instances\`, \`fingerprint\`, \`unordered\`, \`bit-text\`, \`bit-table\`, \`merge-windows\`
and \`key-windows\` have changed since they were.

## All changes

| folder of \`src\` | changes | noticed | score |
| --- | --- | --- | --- |
${folders.map((row) => line(`\`${row.name}\``, row)).join("\n")}

| file | changes | noticed | score |
| --- | --- | --- | --- |
${rows.map((row) => line(`\`${row.name}\``, row)).join("\n")}

## Samples

Here a seed drew the changes, one by one from all of the folder. The score of all its changes lies in the interval in 95 %
of such draws. Tests that were written for what a draw had found are not in its figure. Only the folder's own tests were
run: those of \`test/compare\`, \`test/stats\` and \`test/rollout\`, though others use the same code. The goal for these
folders is 90 %, which none of them meets.

| folder of \`src\` | changes tried | noticed | score | 95 % interval |
| --- | --- | --- | --- | --- |
${samples.join("\n")}

## What survives

Of calls and runs, most of it is no mistake: a short cut that is not taken (a call that need not be a run becomes one, what
is surely equal is compared all the same), a limit of our own store of spare objects, or a check that another one makes
needless.

\`stats/key-windows.ts\`, \`stats/fleet-units.ts\` and \`stats/candidate-evidence.ts\` have tests of their own since the draw before
this one, in which 74 % were noticed. So have the files of \`compare/equality\` that are listed above: each pair of the table of
equality is compared in nine places beside something that differs, and what is listed of Maps, Sets and lists is written down.
The files of \`rollout\` and \`stats\` that are listed with 89 % and more have tests of their own since the draws; most were measured with
these alone, so that the others of the folder may notice more. What survives in \`bit-table.ts\`, \`bit-text.ts\` and
\`merge-windows.ts\` is most of it a short cut that is not taken: the long way comes to the same.

In \`compare/equality\` the kinds are the same. Where a quick look says nothing, the walk finds the same answer; a
fingerprint that tells less only makes more pairs to try; and how often the clock is looked at shows in time alone. In
\`rollout\` there is more that tests of the folder do not see: the words of messages, and the stores for Redis and PostgreSQL, whose tests need servers and are left out.

## How to measure

\`\`\`sh
npm run mutation -- --mutate "src/experiment/run/*.ts,src/experiment/call/*.ts"
npm run mutation:quick -- src/compare/equality 0.15 1
MUTATION_TESTS=stats,rollout npm run mutation:quick -- src/stats/noise.ts
\`\`\`

\`mutation\` is Stryker as it comes. \`mutation:quick\` takes the changes, their switches and the way of counting from
Stryker, and runs the tests for one change after the other in one process, which Stryker starts anew for each. What a test
noticed is only counted if the same test passes without the change right after it; otherwise the process starts anew, and
the change is tried once more. Tests of sizes, times and rates over thousands of runs are left out: they take long, and
notice little (\`scripts/mutation/slow.ts\`).
`,
);
