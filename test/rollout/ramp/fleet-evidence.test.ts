import { describe, expect, it } from "vitest";
import { FleetEvidence } from "../../../src/rollout/ramp/fleet-evidence.ts";
import type { EvidenceTotals } from "../../../src/stats/evidence-totals.ts";
import { gates } from "../../../src/stats/gates.ts";
import type { VerdictTerms } from "../../../src/stats/verdict.ts";
import { sample } from "../../stats/sample.ts";

const windowMs = 60_000;
const terms: VerdictTerms = { now: 0, elapsedMs: 0 };

function evidence(mergeable = true): FleetEvidence {
  return new FleetEvidence({
    ...{ gates: [gates.mismatches(0.01)], unitWindowMs: windowMs, falseAlarmEvery: 1_000, mergeable },
    secret: "000102030405060708090a0b0c0d0e0f",
  });
}

/** One that has seen some keys, of which some differed. */
function seen(keys: readonly string[], bad: readonly string[] = [], mergeable = true): FleetEvidence {
  const made = evidence(mergeable);
  for (const key of keys) made.own.record(sample({ key, at: 1_000, kind: bad.includes(key) ? "mismatch" : "match" }));
  return made;
}

/** What a process reports, with its tables. */
const reported = (of: FleetEvidence): EvidenceTotals => ({ ...of.totals(), mergeable: of.own.mergeable() });
const names = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, key) => `${prefix}-${key}`);

describe("what a process reports", () => {
  it("has units in a form that adds up only where there are others", () => {
    expect(seen(["a"], [], false).totals()).not.toHaveProperty("mergeable");
    expect(seen(["a"]).totals().mergeable).toEqual({
      unkeyed: { units: 0, gates: {} },
      windows: [],
    });
  });

  it("is each place once, until the store failed to take it", () => {
    const one = seen(["a", "b"]);
    expect(one.unsent()).toHaveLength(1);
    // The store did not answer: the same once more.
    expect(one.unsent()).toHaveLength(1);
    one.arrived(-1);
    expect(one.unsent()).toEqual([]);
    expect(one.unsent()).toEqual([]);
    one.own.record(sample({ key: "c", at: 2_000 }));
    expect(one.unsent()).toHaveLength(1);
    one.arrived(-1);
    expect(one.unsent()).toEqual([]);
    expect(seen(["a"], [], false).unsent()).toEqual([]);
  });

  it("is kept no longer than windows that may still be added to", () => {
    const one = seen(["a"]);
    one.own.record(sample({ key: "a", at: 3 * windowMs }));
    expect(one.own.closed.map(({ window }) => window)).toEqual([0]);
    one.unsent();
    one.arrived(-1);
    expect(one.own.closed).toHaveLength(1);
    one.arrived(0);
    expect(one.own.closed).toEqual([]);
  });
});

describe("what all processes have seen", () => {
  it("counts a key once, in however many processes it was seen", () => {
    const [one, other] = [seen(["a", "b"]), seen(["b", "c", "d"])];
    one.setOthers([reported(other)], windowMs * 2, false);
    expect(one.distinct).toBeCloseTo(4, 3);
    const { units } = one.verdict("next", { ...terms, now: windowMs * 2 });
    expect(units).toBeCloseTo(4, 3);
    expect(one.alarmed).toBeUndefined();
    // Of keys alone it is known that there are at least as many as one process has met.
    expect(one.keys).toBe(3);
    expect(seen(["a", "b"]).keys).toBe(2);
  });

  it("has a bad one once, and with it what turned bad here since", () => {
    const [one, other] = [seen(["a", "b"], ["b"]), seen(["c", "d"], ["d"])];
    one.setOthers([reported(other)], windowMs * 2, false);
    const bad = (): number => one.verdict("next", { ...terms, now: windowMs * 2 }).gates[0]!.bad;
    expect(bad()).toBeCloseTo(2, 3);
    one.own.record(sample({ key: "e", at: windowMs * 2, kind: "mismatch" }));
    expect(bad()).toBeCloseTo(3, 3);
  });

  it("is this process's own where nobody else has seen anything", () => {
    const one = seen(["a", "b"]);
    one.setOthers([reported(evidence())], windowMs * 2, true);
    expect(one.keys).toBe(2);
    expect(one.verdict("next", { ...terms, now: windowMs * 2 })).toEqual(
      seen(["a", "b"]).verdict("next", { ...terms, now: windowMs * 2 }),
    );
  });

  it("alarms where all of them together have what one alone has not", () => {
    const others = [1, 2, 3, 4].map((process) => {
      const keys = names(60, `p${process}`);
      return seen(keys, keys.slice(0, 3));
    });
    const one = evidence();
    expect(one.alarmed).toBeUndefined();
    one.setOthers(others.map(reported), windowMs * 20, false);
    expect(one.alarmed).toBe("mismatch");
    expect(one.folded).toBeDefined();
    one.setOthers([], windowMs * 2, true);
    expect(one.alarmed).toBeUndefined();
  });

  it("leaves out the tables of one that reports none, and is no matter where processes do not merge", () => {
    const one = seen(["a"]);
    one.setOthers([seen(["b", "c"], [], false).totals(), reported(seen(["d"]))], windowMs * 2, false);
    expect(one.distinct).toBeCloseTo(2, 3);
    const alone = seen(["a"], [], false);
    alone.setOthers([reported(seen(["b"]))], windowMs * 2, false);
    expect([alone.distinct, alone.keys, alone.folded]).toEqual([0, 1, undefined]);
  });

  it("is due to be added up after a comparison, and after a window has ended", () => {
    const one = seen(["a"]);
    expect(one.isDue(1_000)).toBe(true);
    one.setOthers([], 1_000, true);
    expect(one.isDue(1_000)).toBe(false);
    one.own.record(sample({ key: "b", at: 1_500 }));
    expect(one.isDue(1_500)).toBe(true);
    one.setOthers([], 1_500, true);
    expect(one.isDue(20 * windowMs)).toBe(true);
    expect(seen([], [], false).isDue(20 * windowMs)).toBe(true);
  });
});
