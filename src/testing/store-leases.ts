import { initialState } from "../rollout/state.ts";
import { equal, hold } from "./hold.ts";
import {
  experiment,
  placesIn,
  report,
  reportersOf,
  stateOf,
  steps,
  synced,
  table,
  verdict,
  within3s,
  type StoreLaws,
  type StoreViews,
} from "./store-questions.ts";

/** What holds for the judge's lease and its fence. */
export const leaseLaws: StoreLaws = {
  "lets one process judge at a time, under a fence that only grows": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0));
    await one.sync([report({ process: "a", at: Date.now() })]);
    const fence = await one.claim(experiment, "a", 60_000);
    hold(typeof fence === "number", "nobody judged, and the lease was refused");
    await new Promise((resolve) => setTimeout(resolve, 20));
    await one.sync([report({ process: "a", at: Date.now() })]);
    hold((await other.claim(experiment, "b", 60_000)) === undefined, "two processes have the lease");
    hold((await synced(other)).judge === "a", "who judges is not told");
    hold((await other.claim(experiment, "b", 0)) === undefined, "a process has another one's lease, of 0 ms");
    hold((await synced(other)).judge === "a", "a process let another one's lease go");
    hold((await one.claim(experiment, "a", 60_000)) === fence, "a renewed lease has another fence");
    await one.claim(experiment, "a", 0);
    hold((await synced(other)).judge === undefined, "a lease that was let go is held");
    const later = await other.claim(experiment, "b", 60_000);
    hold(later !== undefined && later > fence!, `the fence was ${fence}, and then ${later}`);
    hold(!(await one.conclude(experiment, fence!, verdict(1), undefined)), "an old judge wrote a verdict");
    hold((await synced(other)).verdict === undefined, "an old judge's verdict was refused, and is there");
    hold(await other.conclude(experiment, later!, verdict(2), undefined), "the judge's verdict was refused");
    // As often as one asks who does not know it.
    for (const view of [one, other, one]) equal((await synced(view)).verdict, verdict(2), "the verdict");
    equal((await synced(one, { knowsVerdict: 1 })).verdict, verdict(2), "the verdict that another one is in place of");
    hold((await synced(one, { knowsVerdict: 2 })).verdict === undefined, "a verdict was sent to who knows it");
    let isRefused = false;
    await Promise.resolve(one.collect(experiment, 1, fence!)).catch(() => (isRefused = true));
    hold(isRefused, "an old judge got the evidence");
  },
  "hands a lease on when it has run out": async ({ one, other }) => {
    await one.compareAndSet(experiment, undefined, initialState(steps, 0));
    const fence = await one.claim(experiment, "a", 50);
    let later: number | undefined;
    await within3s(async () => {
      // A store whose clock is that of those who ask.
      await synced(other, { process: "b", at: Date.now() });
      later = await other.claim(experiment, "b", 1_000);
      return later !== undefined;
    });
    hold(later !== undefined && later > fence!, `the fence was ${fence}, and then ${later}`);
  },
};

/** What is forgotten is gone, all of it and nothing else; who judged it before is no judge of what comes after. */
export async function forgets({ one, other }: StoreViews): Promise<void> {
  for (const name of [experiment, "stock"]) {
    await one.compareAndSet(name, undefined, initialState(steps, 0, "shadow", "v1"));
    await one.sync([report({ experiment: name, process: "a", units: [table(1, [1])] })]);
  }
  const fence = (await one.claim(experiment, "a", 60_000))!;
  await one.conclude(experiment, fence, verdict(1), { processes: [], kept: { sums: 1 } });
  // A fence may be a time.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await other.forget(experiment);
  const left = await synced(one);
  hold(left.state === null, "it is there");
  hold(left.verdict === undefined, "what was judged of it is there");
  hold(left.judge === undefined, "its judge has the lease");
  hold((await stateOf(other, "stock")) !== undefined, "another one is gone");
  hold(await one.compareAndSet(experiment, undefined, initialState(steps, 0)), "a new one was refused");
  const later = await other.claim(experiment, "b", 60_000);
  hold(later !== undefined && later > fence, `the fence was ${fence}, and then ${later}`);
  hold(
    !(await one.conclude(experiment, fence, verdict(3), undefined)),
    "the judge of what was forgotten wrote a verdict",
  );
  const evidence = await other.collect(experiment, 1, later!);
  equal(reportersOf(evidence), [], "the reports of what was forgotten");
  equal(placesIn(evidence.units.flatMap(({ units }) => units), 1), [], "the places of what was forgotten"); // prettier-ignore
  hold(evidence.kept === undefined, "what was folded of it is there");
  const stock = await other.collect("stock", 1, (await other.claim("stock", "b", 60_000))!);
  equal(reportersOf(stock), ["a"], "the reports of another one");
  equal(placesIn(stock.units.flatMap(({ units }) => units), 1), [1], "the places of another one"); // prettier-ignore
}
