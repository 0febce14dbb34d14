import { describe, expect, it } from "vitest";
import { readHeard, readState } from "../../src/rollout/read-state.ts";
import { initialState } from "../../src/rollout/state.ts";

const state = {
  ...initialState([0.1], 5),
  compare: 0.5,
  candidateVersion: "2",
  parent: "p",
  unitSecret: "0f".repeat(16),
};
const id = "x".repeat(65);
const terms = {
  gates: [{ name: "mismatch", max: 0.1 }],
  minimumUnits: 1,
  minimumTimeMs: 1,
  completeAfterMs: 1,
  steps: [],
};
const change = { kind: "advanced", at: 1, by: "Ada", reason: "", from: at(1), to: at(2) };

function at(epoch: unknown): object {
  return { stage: "ramp", share: 0.1, epoch };
}

describe("a stored state", () => {
  it("is read as it is, and one of an older release by a name that all give it", () => {
    expect(readState(state)).toEqual(state);
    expect(readState({ ...state, version: 1, id: undefined, epoch: 7 })).toMatchObject({ version: 2, id: "epoch-7" });
    expect(Object.isFrozen(readState(state))).toBe(true);
    expect(readState({ ...state, id: "x".repeat(64), share: 1, epoch: 1, versions: [{ version: "1" }] })).toBeDefined();
  });

  it.each<readonly [name: string, wrong: unknown]>([
    ["version", 3],
    ["version", undefined],
    ...[undefined, "", 1, id].map((wrong) => ["id", wrong] as const),
    ...["", 1, id].map((wrong) => ["parent", wrong] as const),
    ...[0, 1.5, "1", undefined].map((wrong) => ["epoch", wrong] as const),
    ...["up", undefined].map((wrong) => ["stage", wrong] as const),
    ...[-0.1, 1.1, "1", NaN, undefined].map((wrong) => ["share", wrong] as const),
    ["mode", "walking"],
    ...[null, 1, [], {}, { ...terms, gates: {} }, { ...terms, gates: [null] }, { ...terms, gates: [{ name: 1 }] }].map(
      (wrong) => ["terms", wrong] as const,
    ),
    ...["x", -1, undefined].map((wrong) => ["terms", { ...terms, minimumUnits: wrong }] as const),
    ...[null, {}, { share: 2 }, { share: 0, pause: 1 }, { share: 0, minimumTimeMs: "x" }].map(
      (wrong) => ["terms", { ...terms, steps: [wrong] }] as const,
    ),
    ["since", 8.7e15],
    ...[undefined, 1, [2], [0.1, "x"]].map((wrong) => ["steps", wrong] as const),
    ["since", NaN],
    ["changedAt", "1"],
    ["compare", 2],
    ["candidateVersion", 2],
    ...["xyz", "0f".repeat(17), "0F".repeat(16)].map((wrong) => ["unitSecret", wrong] as const),
    ...[
      1,
      [null],
      [{ version: 1 }],
      [{ version: "1" }, {}],
      [{ version: "1", latch: null }],
      [{ version: "1", latch: { by: "Ada", reason: "" } }],
    ].map((wrong) => ["versions", wrong] as const),
    ...[undefined, {}, [null], [{}], [{ ...change, to: at(1.5) }]].map((wrong) => ["history", wrong] as const),
    ...[{ from: null }, { from: {} }, { to: { ...at(1), share: 2 } }, { to: { ...at(1), stage: "up" } }].map(
      (wrong) => ["history", [change, { ...change, ...wrong }]] as const,
    ),
    ...[
      { at: "1" },
      { at: 8.7e15 },
      { kind: 1 },
      { by: null },
      { reason: undefined },
      { id: 5 },
      { lost: "" },
      { compare: 2 },
    ].map((wrong) => ["history", [{ ...change, ...wrong }]] as const),
  ])("is refused whose `%s` is %o", (name, wrong) => {
    expect(() => readState({ ...state, [name]: wrong }, "here")).toThrow(
      `here: expected a rollout state of version 2, but its \`${name}\` is not one`,
    );
  });

  it("is refused that is rolled back and serves, and read with changes of kinds that a newer release makes", () => {
    for (const stage of ["ramp", "live", "complete"])
      expect(() => readState({ ...state, stage, share: 1, mode: "rolled-back" })).toThrow("but its `mode`");
    expect(readState({ ...state, history: [{ ...change, kind: "hastened" }], mode: "rolled-back" })).toBeDefined();
  });

  it("has limits that JSON has no number for", () => {
    const endless = {
      ...terms,
      minimumTimeMs: Infinity,
      completeAfterMs: Infinity,
      steps: [{ share: 0.1, minimumTimeMs: Infinity }],
    };
    expect(readState(JSON.parse(JSON.stringify({ ...state, terms: endless }))).terms).toEqual(endless);
  });

  it.each([null, undefined, "text", 7])("is refused that is %o", (given) => {
    expect(() => readState(given)).toThrow(
      "stored rollout state: expected a rollout state of version 2, but its `version`",
    );
  });
});

describe("the news of a state", () => {
  const news = { id: "a", stage: "ramp", share: 0.1 } as const;

  it("is read, and nothing else in it", () => {
    expect(readHeard({ ...news, mode: "running" })).toEqual(news);
    expect(readHeard({ ...news, compare: 0, candidateVersion: "2" })).toEqual({
      ...news,
      compare: 0,
      candidateVersion: "2",
    });
  });

  it.each<unknown>([
    null,
    "a",
    { ...news, id: "" },
    { ...news, stage: "up" },
    { ...news, share: 2 },
    { ...news, compare: -1 },
    { ...news, candidateVersion: 2 },
  ])("says nothing that is %o", (given) => {
    expect(readHeard(given)).toBeUndefined();
  });
});
