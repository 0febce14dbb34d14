// Prints rows of the fault matrix: every misdeed at the places given, under a control of both kinds.
import { Laboratory } from "../../src/experiment/laboratory.ts";
import type { AnyFunction } from "../../src/model/any-function.ts";
import { systemClock } from "../../src/model/clock.ts";
import { misdeeds, type Cell, type Place } from "./misdeeds.ts";
import { residualsOf } from "./residuals.ts";

const answer = { total: 1 };
const reason = new Error("control's own");

type Run = (fails: boolean) => unknown;

async function cell(place: Place, misdeed: string, control: Cell["control"]): Promise<Cell> {
  let run: Run = () => undefined;
  let committed = 0;
  const doWrong = (honest: unknown): AnyFunction => {
    const act = misdeeds[misdeed]!(() => run(false), honest);
    return () => {
      committed += 1;
      return act();
    };
  };
  const laboratory = laboratoryFor(place, doWrong);
  run = experimentFor(place, laboratory, control, doWrong);
  const broken: string[] = [];
  for (const fails of [false, true, false]) {
    const wrong = await observe(run, fails, control);
    if (wrong !== undefined) broken.push(wrong);
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
  await laboratory.close({ timeoutMs: 60 });
  const status = laboratory.status();
  return { place, misdeed, control, committed, broken, residuals: residualsOf(status), counted: countedIn(laboratory) };
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
  doWrong: (honest: unknown) => AnyFunction,
): Run {
  const settle = (fails: boolean): unknown => {
    if (fails) throw reason;
    return answer;
  };
  const control = kind === "sync" ? settle : async (fails: boolean): Promise<unknown> => settle(fails);
  const enabled =
    place === "gate" ? doWrong(true)
    : place === "onFault" ? misdeeds["throws"]!(() => undefined, undefined)
    : undefined;
  return laboratory.experiment("cell", {
    control,
    candidate: place === "candidate" ? doWrong({ total: 2 }) : () => ({ total: 2 }),
    limits: { timeoutMs: 20 },
    ...(enabled && { enabled: enabled as () => boolean }),
    ...(place === "key" && { key: doWrong("k") as () => string, rollout: { serve: 0.001, compare: 1 } }),
    ...(place === "context" && { context: doWrong({}) as () => Record<string, unknown> }),
    ...(place === "prepare" && { prepare: doWrong([false]) as () => [boolean] }),
    ...(place === "compare" && { compare: doWrong(false) as () => boolean }),
    ...(place === "clean" && { clean: doWrong(1) }),
    ...(place === "knownMismatches" && { knownMismatches: [{ name: "rule", when: doWrong(false) as () => boolean }] }),
    ...(place === "random" && { sample: 0.5 }),
  });
}

/** What is wrong with what the caller got, if anything. */
async function observe(run: Run, fails: boolean, control: Cell["control"]): Promise<string | undefined> {
  let given: unknown;
  try {
    given = run(fails);
  } catch (error) {
    return control === "sync" && fails && error === reason ? undefined : `threw ${String(error)}`;
  }
  if (control === "sync") return !fails && given === answer ? undefined : "another value";
  if (!(given instanceof Promise)) return "no promise";
  try {
    const value: unknown = await given;
    return !fails && value === answer ? undefined : "another value";
  } catch (error) {
    return fails && error === reason ? undefined : `rejected with ${String(error)}`;
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
const alive = setInterval(() => undefined, 1_000);
const cells: Promise<Cell>[] = [];
for (const place of process.argv.slice(2) as Place[]) {
  for (const misdeed of Object.keys(misdeeds)) {
    for (const control of ["sync", "async"] as const) cells.push(cell(place, misdeed, control));
  }
}
process.stdout.write(JSON.stringify(await Promise.all(cells)));
clearInterval(alive);
// Rejections that nobody handles are told in a turn after the one that made them.
await new Promise((resolve) => systemClock.after(20, () => resolve(undefined), true));
