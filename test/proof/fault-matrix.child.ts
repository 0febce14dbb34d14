// Prints rows of the fault matrix: every misdeed at the places given, under a control of both kinds.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import type { AnyFunction } from "../../src/model/any-function.ts";
import { systemClock } from "../../src/model/clock.ts";
import { isCell, misdeeds, type Cell, type Place } from "./misdeeds.ts";
import { residualsOf } from "./residuals.ts";

// Taken before one of the misdeeds fakes them.
const { setTimeout: after, setInterval: every, clearInterval: stop } = globalThis;
const answer = { total: 1 };
const otherAnswer = { total: 2 };
const reason = new Error("control's own");

type Run = (fails: boolean) => unknown;

/** The same library, loaded once more as a file of its own. */
async function secondCopy(): Promise<typeof Laboratory> {
  const entry = fileURLToPath(new URL("../../src/experiment/laboratory.ts", import.meta.url));
  const built = await build({ entryPoints: [entry], bundle: true, write: false, format: "esm", platform: "node" });
  const url = `data:text/javascript;base64,${Buffer.from(built.outputFiles[0]!.contents).toString("base64")}`;
  return ((await import(url)) as { Laboratory: typeof Laboratory }).Laboratory;
}
const SecondLaboratory = await secondCopy();

async function cell(place: Place, misdeed: string, control: Cell["control"], served: boolean): Promise<Cell> {
  let run: Run = () => undefined;
  let committed = 0;
  const broken: string[] = [];
  const elsewhere = new SecondLaboratory().experiment("elsewhere", {
    control: () => 1,
    candidate: () => broken.push("the second copy's candidate ran"),
  });
  const doWrong = (honest: unknown): AnyFunction => {
    const act = misdeeds[misdeed]!({ again: () => run(false), elsewhere, place }, honest);
    return () => {
      committed += 1;
      return act();
    };
  };
  const laboratory = laboratoryFor(place, doWrong);
  run = experimentFor(place, laboratory, control, served, doWrong);
  for (const fails of [false, true, false]) {
    const wrong = await observe(run, fails, control, served);
    if (wrong !== undefined) broken.push(wrong);
  }
  await new Promise((resolve) => after(resolve, 60));
  await laboratory.close({ timeoutMs: 60 });
  const status = laboratory.status();
  return {
    place,
    misdeed,
    control,
    served,
    committed,
    broken,
    residuals: residualsOf(status),
    counted: countedIn(laboratory),
  };
}

function laboratoryFor(place: Place, doWrong: (honest: unknown) => AnyFunction): Laboratory {
  const clock = doWrong(0);
  return new Laboratory({
    publishers: [{ name: "publisher", publish: place === "publisher" ? doWrong(undefined) : () => undefined }],
    ...(place === "onFault" && { onFault: doWrong(undefined) }),
    ...(place === "clock" && { clock: { now: clock, monotonic: clock, after: doWrong(() => undefined) } }),
    ...(place === "random" && { random: doWrong(0) }),
  });
}

function experimentFor(
  place: Place,
  laboratory: Laboratory,
  kind: Cell["control"],
  served: boolean,
  doWrong: (honest: unknown) => AnyFunction,
): Run {
  const settle = (fails: boolean): unknown => {
    if (fails) throw reason;
    return answer;
  };
  const control = kind === "sync" ? settle : async (fails: boolean): Promise<unknown> => settle(fails);
  const enabled =
    place === "gate" ? doWrong(true)
    : place === "onFault" ?
      misdeeds["throws"]!({ again: () => undefined, elsewhere: () => undefined, place }, undefined)
    : undefined;
  return laboratory.experiment("cell", {
    control,
    candidate: place === "candidate" ? doWrong(otherAnswer) : () => otherAnswer,
    limits: { timeoutMs: 20 },
    ...(enabled && { enabled: enabled as () => boolean }),
    ...(served && { key: () => "k", rollout: "live" }),
    ...(place === "key" && {
      key: doWrong("k") as () => string,
      rollout: served ? "live" : { serve: 0.001, compare: 1 },
    }),
    ...(place === "context" && { context: doWrong({}) as () => Record<string, unknown> }),
    ...(place === "prepare" && { prepare: doWrong([false]) as () => [boolean] }),
    ...(place === "compare" && { compare: doWrong(false) as () => boolean }),
    ...(place === "clean" && { clean: doWrong(1) }),
    ...(place === "knownMismatches" && { knownMismatches: [{ name: "rule", when: doWrong(false) as () => boolean }] }),
    ...(place === "random" && { sample: 0.5 }),
  });
}

/** What is wrong with what the caller got, if anything. */
async function observe(
  run: Run,
  fails: boolean,
  control: Cell["control"],
  served: boolean,
): Promise<string | undefined> {
  let given: unknown;
  const isRight = (value: unknown): boolean => (!fails && value === answer) || (served && isCandidates(value));
  try {
    given = run(fails);
  } catch (error) {
    return control === "sync" && fails && error === reason ? undefined : `threw ${String(error)}`;
  }
  if (control === "sync") return isRight(given) ? undefined : "another value";
  if (!(given instanceof Promise)) return "no promise";
  try {
    const value: unknown = await given;
    return isRight(value) ? undefined : "another value";
  } catch (error) {
    return fails && error === reason ? undefined : `rejected with ${String(error)}`;
  }
}

/** What the candidate gives that a caller can be served: its honest answer, or, at once, what nobody can read. */
function isCandidates(value: unknown): boolean {
  try {
    return value === otherAnswer || (typeof value === "object" && Object.getPrototypeOf(value) === undefined);
  } catch {
    // A revoked proxy refuses to be asked.
    return true;
  }
}

function countedIn(laboratory: Laboratory): Record<string, number> {
  const { experiments, publishers, faults } = laboratory.status();
  const { cell: experiment } = experiments;
  const { matched, mismatched, ignored, inconclusive, timedOut } = experiment!;
  const groups: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    fault: { ...faults, ...experiment!.faults },
    skip: experiment!.skips,
    outcome: { matched, mismatched, ignored, inconclusive, timedOut },
    publisher: { published: publishers["publisher"]!.published, failed: publishers["publisher"]!.failed },
  };
  const counted: Record<string, number> = {};
  for (const [group, counts] of Object.entries(groups)) {
    for (const [name, count] of Object.entries(counts)) if (count > 0) counted[`${group} ${name}`] = count;
  }
  return counted;
}

// What the matrix is about hangs: something has to keep the process alive until its end.
const alive = every(() => undefined, 1_000);
const cells: Promise<Cell>[] = [];
for (const place of process.argv.slice(2) as Place[]) {
  for (const misdeed of Object.keys(misdeeds)) {
    for (const control of ["sync", "async"] as const) {
      for (const served of [false, true]) {
        if (isCell(place, misdeed, served)) cells.push(cell(place, misdeed, control, served));
      }
    }
  }
}
process.stdout.write(JSON.stringify(await Promise.all(cells)));
stop(alive);
// Rejections that nobody handles are told in a turn after the one that made them.
await new Promise((resolve) => systemClock.after(20, () => resolve(undefined), true));
