import { describe, expect, it } from "vitest";
import { holdsServed, servedTerms, withServed, type ServedTerms } from "../../../src/rollout/ramp/served-verdict.ts";
import type { Verdict } from "../../../src/stats/verdict.ts";

type Kinds = Verdict["kind"];
const tenth: ServedTerms = { share: 0.1, minimumServed: 30 };
const insufficient = { missing: "too-few", moreUnits: 100, moreMs: 5_000 } as const;

function verdict(kind: Kinds, more: Partial<Extract<Verdict, { kind: "insufficient" }>> = {}): Verdict {
  const facts = { candidate: "v2", confidence: 0.99, comparisons: 900, units: 800, gates: [], reasons: [`${kind}.`] };
  const own = {
    ready: {},
    "not-ready": {},
    insufficient,
    regressed: { gate: "mismatch", since: 7 },
  }[kind];
  return { ...facts, ...own, ...more, kind } as Verdict;
}

/** What the candidate answered: fewer units, and gates of its own. */
function served(kind: Kinds, more: Partial<Extract<Verdict, { kind: "insufficient" }>> = {}): Verdict {
  return verdict(kind, { comparisons: 90, units: 80, reasons: [`served ${kind}.`], ...more });
}

describe("the verdict on all calls and on those that the candidate answered", () => {
  const worst: readonly (readonly [all: Kinds, served: Kinds, both: Kinds, reasons: readonly string[]])[] = [
    ["ready", "ready", "ready", ["ready."]],
    ["ready", "insufficient", "insufficient", ["Of what the candidate answered: served insufficient."]],
    ["ready", "not-ready", "not-ready", ["Of what the candidate answered: served not-ready."]],
    ["ready", "regressed", "regressed", ["Of what the candidate answered: served regressed."]],
    ["insufficient", "ready", "insufficient", ["insufficient."]],
    [
      "insufficient",
      "insufficient",
      "insufficient",
      ["insufficient.", "Of what the candidate answered: served insufficient."],
    ],
    ["insufficient", "not-ready", "not-ready", ["Of what the candidate answered: served not-ready."]],
    ["insufficient", "regressed", "regressed", ["Of what the candidate answered: served regressed."]],
    ["not-ready", "ready", "not-ready", ["not-ready."]],
    ["not-ready", "insufficient", "not-ready", ["not-ready."]],
    ["not-ready", "not-ready", "not-ready", ["Of what the candidate answered: served not-ready."]],
    ["not-ready", "regressed", "regressed", ["Of what the candidate answered: served regressed."]],
    ["regressed", "ready", "regressed", ["regressed."]],
    ["regressed", "insufficient", "regressed", ["regressed."]],
    ["regressed", "not-ready", "regressed", ["regressed."]],
    ["regressed", "regressed", "regressed", ["Of what the candidate answered: served regressed."]],
  ];

  it.each(worst)("of %s and %s is %s, with that one's reasons", (all, ofServed, both, reasons) => {
    const found = withServed(verdict(all), served(ofServed), tenth, 500);
    expect(found).toMatchObject({ kind: both, reasons, comparisons: 900, units: 800 });
    expect(found.served).toEqual({ units: 80, gates: [] });
    expect(Object.keys(found)).not.toContain("stalled");
    if (both === "regressed") expect(found).toMatchObject({ gate: "mismatch", since: 7 });
  });

  it("asks for as many more calls as bring the units that are missing in the share that is served", () => {
    const few = (more: number): Verdict => served("insufficient", { moreUnits: more });
    expect(withServed(verdict("ready"), few(7), tenth, 500)).toMatchObject({ missing: "too-few", moreUnits: 70 });
    expect(withServed(verdict("ready"), few(7), { ...tenth, share: 0.3 }, 500)).toMatchObject({ moreUnits: 24 });
    expect(withServed(verdict("insufficient"), few(7), tenth, 500)).toMatchObject({ moreUnits: 100 });
    expect(withServed(verdict("insufficient"), few(20), tenth, 500)).toMatchObject({ moreUnits: 200 });
    // Of chosen keys nobody knows which share they are.
    expect(withServed(verdict("ready"), few(7), { ...tenth, share: 0 }, 500)).toMatchObject({ moreUnits: 7 });
  });

  it("says how long that takes where both know it, and nothing where one does not", () => {
    const long = served("insufficient", { moreMs: 9_000 });
    const { moreMs: _, ...unknown } = served("insufficient") as Extract<Verdict, { kind: "insufficient" }>;
    const { moreMs: __, ...allUnknown } = verdict("insufficient") as Extract<Verdict, { kind: "insufficient" }>;
    expect(withServed(verdict("ready"), long, tenth, 500)).toMatchObject({ moreMs: 9_000 });
    expect(withServed(verdict("insufficient"), long, tenth, 500)).toMatchObject({ moreMs: 9_000 });
    expect(withServed(verdict("insufficient", { moreMs: 9_001 }), long, tenth, 500)).toMatchObject({ moreMs: 9_001 });
    for (const both of [
      withServed(verdict("ready"), unknown, tenth, 500),
      withServed(verdict("insufficient"), unknown, tenth, 500),
      withServed(allUnknown, long, tenth, 500),
      withServed(allUnknown, unknown, tenth, 500),
    ])
      expect(Object.keys(both)).not.toContain("moreMs");
  });

  it("is too short where no more units are needed, and without traffic where there is none", () => {
    const short = { missing: "too-short", moreUnits: 0, moreMs: 3_000 } as const;
    expect(withServed(verdict("ready"), served("insufficient", short), tenth, 500)).toMatchObject(short);
    const none = { missing: "no-traffic", moreUnits: 500 } as const;
    expect(withServed(verdict("insufficient", none), served("insufficient"), tenth, 0)).toMatchObject({
      missing: "no-traffic",
      moreUnits: 1_000,
    });
    expect(withServed(verdict("ready"), served("insufficient", none), tenth, 500)).toMatchObject({
      missing: "too-few",
    });
  });

  it("is stalled where keys enough were seen that some must be served, and nobody is", () => {
    const nobody = served("insufficient", { comparisons: 0, units: 0 });
    const at = (all: Kinds, terms: ServedTerms, keys: number): Verdict => withServed(verdict(all), nobody, terms, keys);
    for (const [terms, keys, promised] of [
      [tenth, 100, "10 % of the keys"],
      [{ ...tenth, share: 0.5 }, 20, "50 % of the keys"],
      [{ ...tenth, share: 0 }, 1_000, "Those chosen"],
    ] as const) {
      const stalled = `served: nobody is served. ${promised} are to be, and none of ${keys} was.`;
      for (const all of ["ready", "insufficient"] as const) {
        expect(at(all, terms, keys)).toMatchObject({ kind: "insufficient", stalled, reasons: [stalled] });
        expect(at(all, terms, keys).served).toEqual({ units: 0, gates: [] });
        expect(at(all, terms, keys - 1).stalled).toBeUndefined();
      }
      // What is wrong with all calls goes before.
      for (const all of ["not-ready", "regressed"] as const)
        expect(at(all, terms, keys)).toMatchObject({ kind: all, reasons: [`${all}.`] });
    }
    expect(withServed(verdict("ready"), served("insufficient"), tenth, 1e6).stalled).toBeUndefined();
  });

  it("keeps why all calls are stalled", () => {
    const stalled = "No calls have a key.";
    for (const kind of ["ready", "insufficient", "not-ready", "regressed"] as const)
      expect(withServed(verdict("insufficient", { stalled }), served(kind), tenth, 500).stalled).toBe(stalled);
  });
});

describe("what is asked of the answers of a candidate", () => {
  it("are gates of rare events that count units", () => {
    expect(holdsServed({ max: 0.1 })).toBe(true);
    expect(holdsServed({ max: 0.001, by: "units" })).toBe(true);
    expect(holdsServed({ max: 0.101 })).toBe(false);
    expect(holdsServed({ max: 0.001, by: "calls" })).toBe(false);
    expect(holdsServed({ max: 0.5, by: "blocks" })).toBe(false);
  });

  it("are as many units as it has to have answered, whatever keys and time they come to", () => {
    const terms = servedTerms({ minimumUnits: 500, minimumKeys: 200, minimumTimeMs: 9, risk: 0.05, now: 3 }, tenth);
    expect(terms).toMatchObject({ minimumUnits: 30, minimumKeys: 0, minimumTimeMs: 0, risk: 0.05, now: 3 });
    expect([0.001, 0.01, 0.2].map((max) => terms.tolerated!(max))).toEqual([0.01, 0.05, 0.2]);
  });
});
