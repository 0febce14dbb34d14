import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { matchers, prelude, rows } from "./definitions.ts";

const root = join(import.meta.dirname, "../..");
mkdirSync(join(root, "reports"), { recursive: true });
// Below the package's root, so that vitest's and jest's own types are found.
const folder = mkdtempSync(join(root, "reports/types-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Each definition on one line, so that a line of the compiler's output names its row.
const source = [prelude.trim(), ...rows.map(({ code }) => `{ ${code} }`)].join("\n");
const firstLine = prelude.trim().split("\n").length + 1;
writeFileSync(join(folder, "definitions.ts"), source);
writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
const compilerOptions = {
  target: "es2022",
  module: "node16",
  moduleResolution: "node16",
  lib: ["es2022", "dom"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noErrorTruncation: true,
  // Ours are checked, those of the compiler and the browser are not.
  skipDefaultLibCheck: true,
  noEmit: true,
  paths: { sidelane: ["../../dist/index.d.ts"], "sidelane/*": ["../../dist/*.d.ts"] },
};
const configure = (name: string, files: readonly string[], options: object = {}): void =>
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, files }),
  );
configure("tsconfig", ["definitions.ts"]);
for (const [name, text] of Object.entries(matchers)) {
  writeFileSync(join(folder, `${name}.ts`), text);
  // The runners' own declarations are theirs to check.
  configure(name, [`${name}.ts`], {
    skipLibCheck: true,
    esModuleInterop: true,
    types: name === "types-jest" ? ["jest"] : ["node"],
  });
}

interface Told {
  /** The source text from the place of the message on. */
  readonly from: string;
  readonly message: string;
}

async function run(compiler: string, project: string): Promise<string> {
  const require = createRequire(import.meta.url);
  const path = dirname(require.resolve(`${compiler}/package.json`));
  const arguments_ = [join(path, "bin/tsc"), "--pretty", "false", "-p", join(folder, `${project}.json`)];
  const child = spawn(process.execPath, arguments_);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await new Promise((resolve) => child.on("close", resolve));
  return output;
}

/** What a compiler says, by the number of the row. */
async function compile(compiler: string): Promise<Map<number, Told[]>> {
  const output = await run(compiler, "tsconfig");
  const told = new Map<number, Told[]>();
  const lines = source.split("\n");
  for (const each of output.split(/\n(?! )/)) {
    const match = /^(.*?)\((\d+),(\d+)\): error (.*)$/s.exec(each);
    if (match === null) {
      if (each.trim() !== "") throw new Error(`${compiler}: ${each}`);
      continue;
    }
    const [, file, line, column, message] = match as unknown as [string, string, string, string, string];
    if (!file.endsWith("definitions.ts")) throw new Error(`${compiler}: ${each}`);
    const row = Number(line) - firstLine;
    told.set(row, [...(told.get(row) ?? []), { from: lines[Number(line) - 1]!.slice(Number(column) - 1), message }]);
  }
  return told;
}

const compilers = ["typescript-5.4", "typescript", "typescript-6", "typescript-7"];
const version = (name: string) =>
  (JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as { version: string }).version;

describe.each(compilers)("the table of definitions, under %s", (compiler) => {
  const compiled = compile(compiler);

  it(`is compiled by version ${version(compiler)}`, async () => {
    const told = await compiled;
    expect([...told.keys()].filter((row) => rows[row] === undefined)).toEqual([]);
  }, 240_000);

  it.each(rows.map((row, index) => ({ ...row, index })))("$about", async ({ index, says, at }) => {
    const told = (await compiled).get(index) ?? [];
    if (says === undefined) {
      expect(told).toEqual([]);
      return;
    }
    expect(told.map(({ message }) => message).join("\n")).toContain(says);
    expect(told.map(({ from }) => from.slice(0, at!.length))).toContain(at);
  });
});

describe("`toMatchControl`", () => {
  it.each(Object.keys(matchers))(
    "is typed for %s",
    async (name) => {
      expect(await run("typescript", name)).toBe("");
    },
    240_000,
  );
});
