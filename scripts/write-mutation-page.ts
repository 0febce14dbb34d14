// Writes docs/mutation.md from what `npm run mutation` has left. Run: npm run docs:mutation [report.json …]
// Several reports, each of some of the files, make one page; what a later one says of a file holds.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

interface Report {
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

const rows: Row[] = Object.entries(Object.assign({}, ...reports.map(({ files }) => files)) as Report["files"])
  .map(([path, { mutants }]) => {
    const counted = mutants.filter(({ status }) => !uncounted.has(status));
    const noticed = counted.filter(({ status }) => status === "Killed" || status === "Timeout").length;
    return { name: path.replace(folder, ""), changes: counted.length, noticed };
  })
  .filter(({ changes }) => changes > 0)
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

writeFileSync(
  new URL("../docs/mutation.md", import.meta.url),
  `# Mutation testing

<!-- Written by \`npm run docs:mutation\` from what \`npm run mutation\` has found. -->

\`npm run mutation\` changes the sources in one place at a time (a comparison turned round, a condition that always
holds, a call left out) and runs the tests that reach that place. A change that no test notices has survived. Tests in
processes of their own are left out: what runs there is not changed. Noticed are changes that make a test fail, or that
hang it. Of every property a twentieth of its cases is tried. Files that are not listed have not been measured as they are now.

| folder of \`src\` | changes | noticed | score |
| --- | --- | --- | --- |
${folders.map((row) => line(`\`${row.name}\``, row)).join("\n")}

| file | changes | noticed | score |
| --- | --- | --- | --- |
${rows.map((row) => line(`\`${row.name}\``, row)).join("\n")}

Most of what survives is no mistake: a short cut that is not taken (a call that need not be a run becomes one, what is surely
equal is compared all the same), a limit of our own store of spare objects, or a check that another one makes needless.

Folders and the tests that are to notice:

\`\`\`sh
npm run mutation -- --mutate "src/experiment/run/*.ts,src/experiment/call/*.ts"
MUTATION_TESTS=stats,rollout npm run mutation -- --mutate "src/stats/*.ts,src/rollout/**/*.ts"
MUTATION_TESTS=compare npm run mutation -- --mutate "src/compare/equality/*.ts"
\`\`\`
`,
);
