import { initialState } from "../rollout/state.ts";
import type { ProcessReport, Report } from "../rollout/stores/store.ts";
import { equal, hold } from "./hold.ts";
import {
  badIn,
  experiment,
  next,
  placesIn,
  report,
  steps,
  table,
  verdict,
  within3s,
  type StoreLaws,
} from "./store-questions.ts";

/** Numbers of everything that a process counts. */
function candidates(units: number): Report["candidates"] {
  const gates = { mismatch: { units, bad: 1, calls: 3 * units, badCalls: 2 } };
  const ofUnkeyed = { mismatch: { units: 2, bad: 0.5 } };
  const all = { comparisons: 3 * units, units, keys: units, gates };
  const unkeyed = { units: 2, gates: ofUnkeyed };
  return { v2: { ...all, mergeable: { unkeyed, windows: [] }, served: { ...all, comparisons: units } } };
}

const laterPlaces = Array.from({ length: 100 }, (_, index) => 3 * index);

/** What holds for what processes report, and for what a judge folds of it. */
export const reportLaws: StoreLaws = {
  "keeps each process's last report, and every place of all tables": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
    const { now } = await one.sync([report({ process: "a", at: Date.now() })]);
    await one.sync([report({ process: "a", candidates: candidates(10), units: [table(1, [1, 2])] })]);
    await one.sync([
      report({ process: "a", candidates: candidates(20), units: [table(1, [3]), table(2, [9, 10], [10])] }),
    ]);
    await other.sync([
      report({
        process: "b/../b",
        candidates: candidates(5),
        units: [table(1, [2, 4]), { ...table(1, [7]), served: true }],
      }),
    ]);
    await other.sync([report({ process: "c", evidenceEpoch: 2, epoch: 2, units: [table(1, [100])] })]);
    await other.sync([report({ process: "d", version: "v2", leaves: true, units: [table(1, [200])] })]);
    await other.sync([report({ experiment: "stock", process: "e", units: [table(1, [300])] })]);
    const fence = (await one.claim(experiment, "a", 60_000))!;
    const { reports, units, now: then } = await one.collect(experiment, 1, fence);
    equal(
      reports.map(({ process, candidates: of }) => `${process} ${of["v2"]?.units}`).sort(),
      ["a 20", "b/../b 5", "c undefined", "d undefined"],
      "the reports",
    );
    const of = (name: string): Partial<ProcessReport> => reports.find(({ process }) => process === name)!;
    equal(of("a").candidates, candidates(20), "the numbers of a report");
    equal([of("a").epoch, of("c").epoch, of("c").evidenceEpoch], [1, 2, 2], "the epochs of reports");
    equal([of("a").version, of("d").version], ["v1", "v2"], "the versions of reports");
    equal([of("a").leaves, of("d").leaves], [undefined, true], "whether it was a process's last report");
    for (const at of [...reports.map((each) => each.at), then])
      hold(Math.abs(at - now) < 60_000, `it was ${now}, and a report or all of them are of ${at}`);
    const ofVersion = units.filter(({ version }) => version === "v1").flatMap((each) => each.units);
    equal(placesIn(ofVersion, 1), [1, 2, 3, 4], "the places of a window");
    equal(placesIn(ofVersion, 2), [9, 10], "the places of the next one");
    equal(badIn(ofVersion, 2), [10], "the bad ones of these");
    equal(placesIn(ofVersion, 1, true), [7], "the places of what was served");
    equal(
      placesIn(
        units.filter(({ version }) => version === "v2").flatMap((each) => each.units),
        1,
      ),
      [200],
      "another version's",
    );
    // Asked again, it is the same.
    const again = (await one.collect(experiment, 1, fence)).units.filter(({ version }) => version === "v1");
    const sameWindow = again.flatMap((each) => each.units);
    equal(placesIn(sameWindow, 1), [1, 2, 3, 4], "then");
    equal(badIn(sameWindow, 2), [10], "the bad ones then");
  },
  "keeps the tables of a later epoch, whatever the judge of an earlier one folds": async ({ one, other }) => {
    const first = initialState(steps, 0, "shadow", "v1");
    await one.compareAndSet(experiment, undefined, first);
    await one.sync([report({ process: "a", units: [table(1, [1])] })]);
    const fence = (await one.claim(experiment, "a", 60_000))!;
    // Another process is ahead of the judge, which has not heard of the change.
    await other.compareAndSet(experiment, first.id, next(first));
    for (const place of laterPlaces)
      await other.sync([report({ process: "b", epoch: 2, evidenceEpoch: 2, units: [table(2, [place], [place])] })]);
    await one.collect(experiment, 1, fence);
    for (let looks = 0; looks < 2; looks++) {
      const { units } = await one.collect(experiment, 2, fence);
      const found = units.flatMap((each) => each.units);
      equal(placesIn(found, 2), laterPlaces, "the places of the later epoch");
      equal(badIn(found, 2), laterPlaces, "the bad ones of the later epoch");
      equal(placesIn(found, 1), [], "the places of the earlier epoch");
    }
  },
  "folds what a judge retires, at once": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0, "shadow", "v1"));
    await one.sync([report({ process: "a", units: [table(1, [1]), table(2, [2])] })]);
    await other.sync([report({ process: "b", units: [table(1, [5])] })]);
    const fence = (await other.claim(experiment, "b", 60_000))!;
    await other.collect(experiment, 1, fence);
    const retired = { processes: ["a"], through: 1, kept: { sums: [1, 2, { three: "3" }] } };
    hold(await other.conclude(experiment, fence, verdict(1), retired), "the verdict was refused");
    const { reports, units, kept } = await other.collect(experiment, 1, fence);
    equal(
      reports.map(({ process }) => process),
      ["b"],
      "the reports",
    );
    equal(
      placesIn(
        units.flatMap((each) => each.units),
        1,
      ),
      [],
      "a folded window",
    );
    equal(
      placesIn(
        units.flatMap((each) => each.units),
        2,
      ),
      [2],
      "the one after it",
    );
    equal(kept, retired.kept, "what was folded");
    hold(await other.conclude(experiment, fence, verdict(2), undefined), "the next verdict was refused");
    equal((await other.collect(experiment, 1, fence)).kept, retired.kept, "what was folded, when nothing more is");
    // One that was only silent reports again; a judge may see it a little later.
    let present: readonly string[] = [];
    await within3s(async () => {
      await one.sync([report({ process: "a", at: Date.now() })]);
      present = (await other.collect(experiment, 1, fence)).reports.map(({ process }) => process).sort();
      return present.length === 2;
    });
    equal(present, ["a", "b"], "those that came back");
  },
};
