// Runs a folder's tests for one change after the other, in one process. Lines of JSON on stdin say which, on stdout what became of it.
import { readFileSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import {
  collectTests,
  getFn,
  getHooks,
  type File,
  type Suite,
  type Task,
  type Test,
  type VitestRunner,
} from "@vitest/runner";
import { slow } from "./slow.ts";

interface Namespace {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  isCounted?: boolean;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

/** What the first worker found, which the next ones go by. */
export interface Known {
  readonly coverage: NonNullable<Namespace["mutantCoverage"]>;
  readonly durationMs: Readonly<Record<string, number>>;
}

export type Message =
  | { readonly kind: "broken"; readonly test: string; readonly error: string }
  | { readonly kind: "began"; readonly id: string; readonly expectedMs: number }
  | {
      readonly kind: "ended";
      readonly id: string;
      readonly status: string;
      readonly by: string | undefined;
      readonly spoiled: boolean;
    };

const space = ((globalThis as unknown as Record<string, Namespace>)["__stryker__"] ??= {});
const [knownPath = "", idsPath = "", ...bundles] = process.argv.slice(2);
const say = (message: Message): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
// A change may leave promises behind that nobody waits for.
process.on("unhandledRejection", () => undefined);
process.on("uncaughtException", () => undefined);

// A machine that does other work, and code full of switches, are slow: limits in milliseconds would come early.
const now = performance.now.bind(performance);
performance.now = () => now() / 20;

const config = {
  root: process.cwd(),
  setupFiles: [],
  sequence: { shuffle: false, concurrent: false, hooks: "stack", setupFiles: "list", seed: 1 },
  maxConcurrency: 1,
  testTimeout: 20_000,
  hookTimeout: 20_000,
  retry: 0,
  tags: [],
};
const runner = { config, importFile: (path: string) => import(path) } as unknown as VitestRunner;
const files: File[] = await collectTests(bundles, runner);
for (const { name, result } of files)
  if (result?.state === "fail") say({ kind: "broken", test: name, error: String(result.errors?.[0]?.message) });

interface Case {
  readonly id: string;
  readonly test: Test;
  readonly suites: readonly Suite[];
}
function casesOf(task: Task, suites: readonly Suite[], name: string): Case[] {
  if (task.mode === "skip" || task.mode === "todo") return [];
  const id = `${name} ${task.name}`;
  if (task.type === "test") return slow.some((pattern) => pattern.test(id)) ? [] : [{ id, test: task, suites }];
  return task.tasks.flatMap((inner) => casesOf(inner, [...suites, task], id));
}
const cases = files.flatMap((file) => file.tasks.flatMap((task) => casesOf(task, [file], file.name)));

/** Why a case fails, if it does. Hooks of suites run around each case: what they make is the case's own. */
async function failure({ test, suites }: Case): Promise<unknown> {
  const undo: (() => unknown)[] = [];
  let failed: unknown;
  const run = async (hook: unknown, of: unknown): Promise<void> => {
    const after = await (hook as (context: unknown) => unknown)(of);
    if (typeof after === "function") undo.unshift(after as () => unknown);
  };
  try {
    for (const suite of suites) for (const hook of getHooks(suite).beforeAll) await run(hook, suite);
    for (const suite of suites) for (const hook of getHooks(suite).beforeEach) await run(hook, test.context);
    await getFn(test)();
    await Promise.all((test as unknown as { promises?: Promise<unknown>[] }).promises ?? []);
  } catch (error) {
    failed = error ?? "nothing thrown";
  }
  const inwards = [...suites].reverse();
  for (const after of [
    ...undo,
    ...inwards.flatMap((suite) => getHooks(suite).afterEach.map((hook) => () => hook(test.context, suite))),
    ...inwards.flatMap((suite) => getHooks(suite).afterAll.map((hook) => () => hook(suite))),
  ])
    try {
      await after();
    } catch (error) {
      failed ??= error ?? "nothing thrown";
    }
  return failed;
}

async function learn(): Promise<Known> {
  const durationMs: Record<string, number> = {};
  for (const one of cases) {
    space.currentTestId = one.id;
    const before = now();
    const failed = await failure(one);
    durationMs[one.id] = now() - before;
    if (failed !== undefined) say({ kind: "broken", test: one.id, error: inspect(failed) });
  }
  space.currentTestId = undefined;
  return { coverage: space.mutantCoverage ?? { static: {}, perTest: {} }, durationMs };
}

const ids = JSON.parse(readFileSync(idsPath, "utf8")) as string[];
let known: Known;
try {
  known = JSON.parse(readFileSync(knownPath, "utf8")) as Known;
} catch {
  known = await learn();
  writeFileSync(knownPath, JSON.stringify(known));
}
space.isCounted = true;

// Who notices one change often notices the next one.
const recent: string[] = [];
const covering = (id: string): Case[] =>
  cases
    .filter((one) => known.coverage.perTest[one.id]?.[id] !== undefined)
    .map((one) => ({
      one,
      order: recent.includes(one.id) ? recent.indexOf(one.id) - 10 : (known.durationMs[one.id] ?? 0),
    }))
    .sort((one, other) => one.order - other.order)
    .map(({ one }) => one);

async function tried(id: string): Promise<{ status: string; by: string | undefined; spoiled: boolean }> {
  const some = covering(id);
  if (some.length === 0)
    return { status: id in known.coverage.static ? "Ignored" : "NoCoverage", by: undefined, spoiled: false };
  const hits = some.reduce((sum, one) => sum + known.coverage.perTest[one.id]![id]!, known.coverage.static[id] ?? 0);
  say({ kind: "began", id, expectedMs: some.reduce((sum, one) => sum + (known.durationMs[one.id] ?? 0), 0) });
  space.hitLimit = hits * 100;
  space.hitCount = 0;
  space.activeMutant = id;
  for (const one of some) {
    const failed = await failure(one);
    if (failed === undefined) continue;
    const timedOut = space.hitCount > space.hitLimit;
    space.activeMutant = undefined;
    space.hitCount = undefined;
    recent.splice(recent.includes(one.id) ? recent.indexOf(one.id) : 9, 1);
    recent.unshift(one.id);
    // What fails without the change too was spoiled by an earlier one.
    return { status: timedOut ? "Timeout" : "Killed", by: one.id, spoiled: (await failure(one)) !== undefined };
  }
  space.activeMutant = undefined;
  return { status: "Survived", by: undefined, spoiled: false };
}

for (const id of ids) say({ kind: "ended", id, ...(await tried(id)) });
process.exit(0);
