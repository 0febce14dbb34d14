import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";

// Each floor, and the floors that it may look down to. `index.ts` is the front door and sees them all.
const mayImport: Record<string, readonly string[]> = {
  model: [],
  compare: ["model"],
  stats: ["model"],
  records: ["model", "compare", "stats"],
  render: ["model", "compare"],
  sql: ["model", "records"],
  rollout: ["model", "stats"],
  experiment: ["model", "compare", "stats", "records", "rollout"],
  publishers: ["model", "compare", "stats", "records", "sql"],
  writes: ["model", "compare", "sql", "rollout", "experiment", "default-laboratory"],
  proxy: ["model", "compare", "stats", "records", "rollout", "experiment", "publishers", "http", "report"],
  report: ["model", "stats", "records", "sql", "rollout", "experiment"],
  cli: ["model", "stats", "records", "rollout", "report", "proxy"],
  testing: ["model", "compare", "stats", "records", "rollout", "experiment", "publishers", "writes", "report"],
  recipes: ["model", "experiment"],
  "default-laboratory": ["experiment", "publishers"],
  http: ["model", "compare", "rollout", "experiment", "default-laboratory"],
  index: ["model", "compare", "stats", "rollout", "experiment", "publishers", "default-laboratory"],
};

// Within `compare`: each folder, and those that it may look down to. Files at the top see them all.
const compareMayImport: Record<string, readonly string[]> = {
  kinds: [],
  rules: [],
  copy: ["kinds"],
  equality: ["kinds", "rules"],
  "": ["kinds", "rules", "copy", "equality"],
};

// The same for `experiment`, whose folders are the stages of a call.
const experimentMayImport: Record<string, readonly string[]> = {
  runtime: [],
  limits: ["runtime"],
  deliver: ["runtime"],
  record: ["runtime", "limits"],
  define: ["runtime", "limits", "deliver", "record"],
  status: ["limits", "deliver", "record", "define"],
  streams: ["runtime", "limits", "define"],
  run: ["runtime", "limits", "deliver", "record", "define", "streams"],
  reported: ["runtime", "limits", "record", "define", "run"],
  call: ["runtime", "record", "define", "run", "reported"],
  "": ["runtime", "limits", "deliver", "record", "define", "status", "reported", "call"],
};

// Files over 300 lines, and why they are one.
const longFiles: Readonly<Record<string, string>> = {
  "compare/equality/walk.ts": "the one walk over two values, which every kind of value comes back to",
  "stats/candidate-evidence.ts": "one candidate's evidence: what each comparison adds to units, keys and gates",
};

const root = join(import.meta.dirname, "..", "src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]!);
}

function importedBy(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(root, join(root, dirname(file), specifier)));
}

/** The folder that a file is in, below its floor; nothing for a file at the top. */
function folderIn(floor: string, file: string): string {
  return relative(floor, dirname(file));
}

/** The shortest way from a file back to itself by imports. */
function circleThrough(file: string): string | undefined {
  const ways = [[file]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const target of importedBy(way.at(-1)!)) {
      if (target === file) return [...way, file].join(" → ");
      if (seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return undefined;
}

function floorOf(file: string): string {
  const [first = ""] = file.split(sep);
  return first.endsWith(".ts") ? first.slice(0, -3) : first;
}

describe("the house", () => {
  it.each(files)("%s imports only from its own floor and those below", (file) => {
    const floor = floorOf(file);
    const allowed = mayImport[floor];
    expect(allowed, `${floor} is no floor of the house`).toBeDefined();
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith(".")) continue;
      const target = floorOf(relative(root, join(root, dirname(file), specifier)));
      if (target !== floor) expect(allowed, `${file} imports ${specifier}`).toContain(target);
    }
  });

  it.each(["compare", "experiment"])("%s has files that import only from folders below their own", (floor) => {
    const folders = floor === "compare" ? compareMayImport : experimentMayImport;
    for (const file of files.filter((each) => floorOf(each) === floor)) {
      const folder = folderIn(floor, file);
      for (const target of importedBy(file)) {
        if (floorOf(target) !== floor) continue;
        const below = folderIn(floor, target);
        if (below !== folder) expect(folders[folder], `${file} imports ${target}`).toContain(below);
      }
    }
  });

  it("has a reader in mind: at most 12 files a folder of the experiment, and 300 lines a file", () => {
    const folders = files.filter((file) => floorOf(file) === "experiment").map((file) => dirname(file));
    for (const folder of new Set(folders)) {
      expect(folders.filter((each) => each === folder).length, folder).toBeLessThanOrEqual(12);
    }
    const long = files.filter((file) => readFileSync(join(root, file), "utf8").split("\n").length > 301);
    expect(long.sort()).toEqual(Object.keys(longFiles).sort());
  });

  // Type imports included: two files that need each other's types are one thing in two places.
  it.each(Object.keys(mayImport).filter((floor) => files.some((file) => floorOf(file) === floor)))(
    "%s has no circle of files",
    (floor) => {
      const circles = files.filter((file) => floorOf(file) === floor).map((file) => circleThrough(file));
      expect(circles.filter((circle) => circle !== undefined)).toEqual([]);
    },
  );

  const reached = reachedFrom("index.ts");

  it.each([...reached])("%s, part of the core, imports no node: module statically", (file) => {
    expect(importsOf(file).filter((specifier) => specifier.startsWith("node:"))).toEqual([]);
  });
});

it("the live report and parallel handlers load where Node's modules are not", () => {
  const reached = [...reachedFrom("report/index.ts"), ...reachedFrom("http/index.ts")];
  const needing = reached.filter((file) => /\bfrom\s*"node:/.test(readFileSync(join(root, file), "utf8")));
  expect(needing).toEqual([]);
});

function reachedFrom(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  for (const specifier of importsOf(entry)) {
    if (specifier.startsWith(".")) reachedFrom(relative(root, join(root, dirname(entry), specifier)), seen);
  }
  return seen;
}
