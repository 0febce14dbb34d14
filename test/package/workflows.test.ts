import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };

const folder = join(import.meta.dirname, "../../.github/workflows");

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>;
        readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
        readonly "timeout-minutes": number;
      }
    >
  >;
}

describe.each(readdirSync(folder))("%s", (file) => {
  const workflow = parse(readFileSync(join(folder, file), "utf8")) as Workflow;

  it("runs scripts that there are", () => {
    const runs = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    const scripts = runs.flatMap((run) => [...run.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!));
    expect(scripts.filter((name) => !(name in manifest.scripts))).toEqual([]);
    expect(runs.length).toBeGreaterThan(1);
  });

  it("may write nothing but what a job asks for, and ends", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    for (const job of Object.values(workflow.jobs)) expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
  });
});

it("a release is published with its provenance", () => {
  const { jobs } = parse(readFileSync(join(folder, "release.yml"), "utf8")) as Workflow;
  expect(jobs["publish"]!.permissions).toMatchObject({ "id-token": "write" });
  expect(jobs["publish"]!.steps.some(({ run }) => run?.includes("npm publish --provenance"))).toBe(true);
});
