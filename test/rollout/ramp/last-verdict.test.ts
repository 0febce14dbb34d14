import { describe, expect, it } from "vitest";
import { LastVerdict } from "../../../src/rollout/ramp/last-verdict.ts";
import { gates, type Gate } from "../../../src/stats/gates.ts";
import { verdictOf, type Verdict } from "../../../src/stats/verdict.ts";

const units = { candidate: "candidate", comparisons: 900, ownUnits: 900, spanMs: 60_000, keys: 900, openMs: 0 };
const verdictAt = (seen: number, elapsedMs: number): Verdict => {
  const of = { units: seen, calls: seen, bad: 0, badCalls: 0, open: 0 };
  return verdictOf({
    ...units,
    units: seen,
    minimumTimeMs: 60_000,
    elapsedMs,
    gates: [{ name: "mismatch", max: 0.01, ...of }],
  });
};

/** How often it was judged in three looks at the same evidence. */
function judgedIn(given: readonly Gate[], verdict: Verdict): number {
  const last = new LastVerdict(given);
  let times = 0;
  for (const isSame of [false, true, true]) {
    const judged = last.look(isSame, () => {
      times++;
      return verdict;
    });
    expect(judged()).toBe(verdict);
    expect(judged()).toBe(verdict);
  }
  return times;
}

describe("the verdict of the last look", () => {
  const steady = [gates.mismatches(0.01)];

  it.each([
    { about: "ready", verdict: verdictAt(900, 60_000), times: 1 },
    { about: "too few", verdict: verdictAt(100, 0), times: 1 },
    { about: "without any traffic", verdict: verdictOf({ ...units, comparisons: 0, units: 0, gates: [] }), times: 1 },
    { about: "one that only time is missing for", verdict: verdictAt(900, 30_000), times: 3 },
  ])("is judged $times times on the same evidence that is $about", ({ verdict, times }) => {
    expect(judgedIn(steady, verdict)).toBe(times);
  });

  it("is judged at every look where a gate asks elsewhere, or remembers", () => {
    const asks: Gate = { ...steady[0]!, by: "outside" };
    const remembers: Gate = { ...steady[0]!, begin: () => steady[0]! };
    for (const gate of [asks, remembers]) expect(judgedIn([...steady, gate], verdictAt(900, 60_000))).toBe(3);
  });

  it("is judged anew as soon as the evidence is another, also where nobody asked meanwhile", () => {
    const last = new LastVerdict(steady);
    const [before, after] = [verdictAt(100, 0), verdictAt(900, 60_000)];
    expect(last.look(false, () => before)()).toBe(before);
    last.look(false, () => after);
    expect(last.look(true, () => after)()).toBe(after);
  });
});
