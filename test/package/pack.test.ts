import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { transform } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { blocksOf, linksOf, pagesOfDocs, printedBy } from "../docs.ts";
import { documentedOutput, expectPrinted } from "../documented.ts";

const root = join(import.meta.dirname, "../..");
const modules = join(root, "node_modules");
const folder = mkdtempSync(join(tmpdir(), "sidelane-pack-"));
const installed = join(folder, "node_modules/sidelane");

const subpaths = Object.entries(manifest.exports).flatMap(([subpath, conditions]) =>
  typeof conditions === "string" ? [] : [{ specifier: `sidelane${subpath.slice(1)}`, ...conditions }],
);

// README's first block, as somebody copies it.
const readme = readFileSync(join(root, "README.md"), "utf8");
const example = /```ts\n(.*?)\n```/s.exec(readme)![1]!;

let packed: { readonly filename: string; readonly size: number };

// An empty folder in which nothing is installed but the tarball and what it depends on.
beforeAll(() => {
  const npm = (args: readonly string[]) => execFileSync("npm", args, { cwd: root, encoding: "utf8" });
  [packed] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder])) as [typeof packed];
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, packed.filename), "-C", installed, "--strip-components", "1"]);
  install(Object.keys(manifest.dependencies));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Copies packages, and what they depend on, out of ours. */
function install(names: readonly string[]): void {
  for (const name of names) {
    const target = join(folder, "node_modules", name);
    if (existsSync(target)) continue;
    cpSync(join(modules, name), target, { recursive: true, dereference: true });
    const { dependencies = {} } = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    install(Object.keys(dependencies));
  }
}

/** Runs a file of the empty folder and gives back what it printed. */
function run(file: string, source: string): string {
  writeFileSync(join(folder, file), source);
  const child = spawnSync(process.execPath, [file], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", NODE_OPTIONS: "", SIDELANE: undefined },
  });
  expect(child.stderr).toBe("");
  expect(child.status).toBe(0);
  return child.stdout;
}

function transpile(module: ts.ModuleKind): string {
  return ts.transpileModule(example, { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } }).outputText;
}

describe("the packed tarball", () => {
  it("holds every file that `exports` names, the license, and no source, test or map", () => {
    const named = subpaths.flatMap(({ import: esm, require: cjs }) => [esm.types, esm.default, cjs.types, cjs.default]);
    for (const file of named) expect(existsSync(join(installed, file)), file).toBe(true);
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" }).map((file) =>
      file.replaceAll("\\", "/"),
    );
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"]));
    expect(files.filter((file) => file.startsWith("dashboards/")).toSorted()).toEqual([
      "dashboards/alerts.yaml",
      "dashboards/grafana.json",
    ]);
    expect(files).toContain("schemas/proxy.schema.json");
    expect(
      files.filter(
        (file) =>
          !/^(dashboards(\/.*)?|schemas(\/proxy\.schema\.json)?|(dist|docs|examples)(\/.*)?|package\.json|llms\.txt|[A-Z]+(\.md)?)$/.test(
            file,
          ),
      ),
    ).toEqual([]);
    expect(files.filter((file) => /\.map$|[^d]\.ts$|\.test\./.test(file) && !file.startsWith("examples/"))).toEqual([]);
  });

  it("takes at most 1.5 MB, pages, pictures and examples included", () => {
    expect(packed.size).toBeLessThanOrEqual(1_500_000);
  });

  it("has no page with a link that leads out of the package, but to the web", () => {
    const pages = readdirSync(join(installed, "docs")).filter((file) => file.endsWith(".md"));
    const names = ["README.md", "CHANGELOG.md", "SECURITY.md", ...pages.map((file) => `docs/${file}`)];
    const dead = names.flatMap((name) =>
      linksOf(name)
        .filter((link) => !/^[a-z]+:|^#/.test(link) && !existsSync(join(installed, dirname(name), link.split("#")[0]!)))
        .map((link) => `${name}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  it("runs README's first example as an ES module", () => {
    expectPrinted(run("esm.mjs", transpile(ts.ModuleKind.ESNext)), documentedOutput(example)!);
  });

  it("runs README's first example as CommonJS", () => {
    expectPrinted(run("cjs.cjs", transpile(ts.ModuleKind.CommonJS)), documentedOutput(example)!);
  });

  // What needs nothing but the package: on the pages, and in the examples.
  const programs = [
    ...["README.md", ...pagesOfDocs()].flatMap((page) =>
      blocksOf(page, "").map((block) => ({ name: block.name, code: block.code, printed: printedBy(block) })),
    ),
    ...readdirSync(join(root, "examples"))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => ({ name: `examples/${file}`, code: readFileSync(join(root, "examples", file), "utf8") }))
      .map((example) => ({ ...example, printed: documentedOutput(example.code) })),
  ].filter(({ code, printed }) => printed !== undefined && !/ from "(?!sidelane|node:)/.test(code));

  it.each(programs)("runs as it is: $name", async ({ code, printed }) => {
    // Not by the compiler, which leaves decorators to the runtime.
    const { code: javascript } = await transform(code, { loader: "ts", target: "es2022", tsconfigRaw: "{}" });
    expectPrinted(run("program.mjs", javascript), printed!);
  });

  it("has more than thirty programs to run", () => {
    expect(programs.length).toBeGreaterThan(30);
  });

  it("does not lose in building what is called only for the time it takes", () => {
    const source = `
      import { compare } from "sidelane/compare";
      const keys = Array.from({ length: 20000 }, (_, index) => "key" + index);
      let asked = 0;
      const slow = () => new Proxy(Object.fromEntries(keys.map((key) => [key, 1])), {
        ownKeys() {
          for (const until = performance.now() + 20; performance.now() < until;);
          return keys;
        },
        getOwnPropertyDescriptor(target, key) {
          asked++;
          return Reflect.getOwnPropertyDescriptor(target, key);
        },
      });
      const { kind } = compare(slow(), slow(), { limits: { timeMs: 5 } });
      console.log(kind, asked);`;
    // Only the candidate's keys have been asked for.
    expect(run("limits.mjs", source)).toBe("inconclusive 20000\n");
  });

  it("returns the same names to `import` and to `require`, from every subpath", () => {
    const list = JSON.stringify(subpaths.map(({ specifier }) => specifier));
    const print = "console.log(JSON.stringify(names))";
    const imported = run(
      "names.mjs",
      `const names = {}; for (const s of ${list}) names[s] = Object.keys(await import(s)).sort(); ${print}`,
    );
    const required = run(
      "names.cjs",
      `const names = {}; for (const s of ${list}) names[s] = Object.keys(require(s)).filter((n) => n !== "__esModule").sort(); ${print}`,
    );
    expect(JSON.parse(required)).toEqual(JSON.parse(imported));
    expect((JSON.parse(imported) as Record<string, string[]>)["sidelane"]).toContain("experiment");
  });

  it("imports nothing at run time but its dependencies, optional peers and Node's own modules", () => {
    const peers = Object.keys((manifest as { peerDependencies?: Record<string, string> }).peerDependencies ?? {});
    const allowed = [...Object.keys(manifest.dependencies), ...peers];
    const dist = join(installed, "dist");
    for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
      if (!/\.c?js$/.test(file)) continue;
      const { importedFiles } = ts.preProcessFile(readFileSync(join(dist, file), "utf8"), true, true);
      const foreign = importedFiles.map(({ fileName }) => fileName).filter((name) => !/^(\.|node:)/.test(name));
      expect(
        foreign.filter((name) => !allowed.includes(name) && !allowed.some((own) => name.startsWith(`${own}/`))),
        file,
      ).toEqual([]);
    }
  });

  it("has npm install each optional peer beside it, whose versions may all have a suffix", () => {
    for (const [peer, range] of Object.entries(manifest.peerDependencies)) {
      const { version } = JSON.parse(readFileSync(join(modules, peer, "package.json"), "utf8")) as { version: string };
      // No range but this one holds for a version such as 1.5.6-r.1.
      if (version.includes("-")) expect(range, peer).toBe("*");
    }
  });

  const nodeTypes = ["@types/node", "undici-types"];
  it.each([
    ["node16, from an ES module", "typed.mts", ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
    ["node16, from CommonJS", "typed.cts", ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
    ["a bundler", "typed.ts", ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
    ["resolution that does not read `exports`", "typed.ts", ts.ModuleKind.CommonJS, ts.ModuleResolutionKind.Node10],
  ])("type-checks README's first example and every subpath for %s", (_, file, module, moduleResolution) => {
    install(nodeTypes.filter((name) => existsSync(join(modules, name))));
    const imports = subpaths.map(({ specifier }, index) => `import * as subpath${index} from "${specifier}";`);
    const uses = subpaths.map((_, index) => `void subpath${index};`);
    const path = join(folder, file);
    writeFileSync(path, [...imports, example, ...uses].join("\n"));
    const program = ts.createProgram([path], {
      module,
      moduleResolution,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
      typeRoots: [join(folder, "node_modules/@types")],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    });
    // The file and our declarations; those of Node and the browser are not ours to check.
    const ours = program
      .getSourceFiles()
      .filter(({ fileName }) => fileName === path || fileName.includes("/sidelane/dist/"));
    expect(ours.length).toBeGreaterThan(subpaths.length);
    const problems = ours
      .flatMap((source) => ts.getPreEmitDiagnostics(program, source))
      .map(({ file: where, messageText }) => {
        return `${where?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
    expect(problems).toEqual([]);
  });

  it("type-checks, its own declarations included, without Node's types and without a library of later years", () => {
    install([]);
    const path = join(folder, "bare.mts");
    writeFileSync(path, example);
    const program = ts.createProgram([path], {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: [],
      strict: true,
      noEmit: true,
    });
    const ours = program.getSourceFiles().filter(({ fileName }) => fileName.includes("/sidelane/dist/"));
    expect(ours.length).toBeGreaterThan(0);
    const problems = ours
      .flatMap((source) => ts.getPreEmitDiagnostics(program, source))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    expect(problems).toEqual([]);
  });
});
