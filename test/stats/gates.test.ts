import { describe, expect, it } from "vitest";
import type { Sample } from "../../src/model/rollout.ts";
import { checkGates, defaultGates, gates, type Gate } from "../../src/stats/gates.ts";
import { sample } from "./sample.ts";

const { mismatches, errors, inconclusive, slower, custom, external } = gates;

describe("a call's penalty", () => {
  it.each<
    readonly [Partial<Sample>, mismatch: number | undefined, error: number | undefined, unsure: number | undefined]
  >([
    [{ kind: "match" }, 0, 0, 0],
    [{ kind: "ignored" }, 0, 0, 0],
    [{ kind: "mismatch" }, 1, 0, 0],
    [{ kind: "inconclusive" }, undefined, 0, 1],
    [{ kind: "mismatch", candidateThrew: true }, 1, 1, 0],
    [{ kind: "match", candidateThrew: true, controlThrew: true }, 0, 0, 0],
    [{ kind: "mismatch", controlThrew: true }, 1, 0, 0],
    [{ kind: "timed-out" }, 1, 1, 0],
    [{ kind: "timed-out", aboutControl: "timed-out" }, undefined, 0, 0],
    [{ kind: "mismatch", candidateThrew: true, aboutControl: "unseen" }, 1, undefined, 0],
    [{ kind: "mismatch", candidateThrew: true, aboutControl: "late" }, 1, undefined, 0],
    [{ kind: "timed-out", aboutControl: "late" }, 1, undefined, 0],
    [{ kind: "inconclusive", aboutControl: "pending" }, undefined, 0, undefined],
    [{ kind: "inconclusive", aboutControl: "absent" }, undefined, 0, undefined],
    [{ kind: "match", fellBack: "slow" }, 0, 1, 0],
  ])("of %o is what each gate says", (given, ...expected) => {
    const told = sample(given);
    expect([mismatches(), errors(), inconclusive()].map((gate) => gate.penalty(told))).toEqual(expected);
    expect(slower().penalty(told)).toBeUndefined();
  });
});

describe("a gate", () => {
  it("has a name, a rate, and what it goes by", () => {
    expect(defaultGates.map(({ name, max, by, matched }) => [name, max, by, matched])).toEqual([
      ["mismatch", 0.001, undefined, 0],
      ["candidate-error", 0.001, undefined, 0],
      ["slower-than", 0.5, "blocks", undefined],
      ["inconclusive", 0.05, "calls", 0],
    ]);
    const outside = { name: "budget", max: -2, ask: () => 1, everyMs: 100 };
    expect(external({ ...outside, dryRun: true })).toMatchObject({
      ...{ name: "budget", max: -2, by: "outside", dryRun: true },
      outside: { ask: outside.ask, everyMs: 100, alarmAfter: 2 },
    });
    expect(external(outside)).not.toHaveProperty("dryRun");
    expect(external(outside).penalty(sample())).toBeUndefined();
  });

  it.each([0, 1, -0.1, NaN, "0.1"])("tolerates no rate of %o", (max) => {
    const rate = max as number;
    for (const [name, make] of Object.entries({ mismatches, errors, inconclusive })) {
      expect(() => make(rate)).toThrow(`gates.${name}`);
    }
    expect(() => slower({ max: rate })).toThrow("gates.slower");
    expect(() => custom({ name: "own", max: rate, of: () => 0 })).toThrow("gates.custom");
  });

  it("says of a rate of zero how much a small one takes, and of others nothing", () => {
    expect(() => mismatches(0)).toThrow("0.0001 takes some 50 000");
    expect(() => mismatches(2)).toThrow(/^((?!0\.0001).)*$/s);
  });
});

describe("a list of gates", () => {
  const own: Gate = { name: "own", max: 0.1, penalty: () => 0 };
  const outside = { ask: () => 1, everyMs: 100, alarmAfter: 2 };
  const check = (...given: readonly unknown[]): void => checkGates("ramp", given as Gate[]);

  it("may hold gates of every kind, of which one acts", () => {
    check(own);
    check(...defaultGates);
    check({ ...own, dryRun: true }, { ...own, name: "other", dryRun: false });
    check({ ...own, by: "outside", max: -5, outside });
    check({ ...own, by: "units" }, { ...own, by: "calls", name: "b" }, { ...own, by: "blocks", name: "c" });
  });

  it.each<readonly [message: string, given: unknown]>([
    ["`gates` to be a list of at least one gate", []],
    ["`gates` to be a list of at least one gate", { length: 1 }],
    ["`gates` to be at least one gate that acts", [{ ...own, dryRun: true }]],
    ["`gates[0]` to be a gate such as `gates.mismatches()`", [null]],
    ["`gates[0]` to be a gate such as `gates.mismatches()`", ["own"]],
    ["`gates[1].name`", [own, { ...own, name: 7 }]],
    ["`gates[0].by`", [{ ...own, by: "days" }]],
    ["`gates[0].max`", [{ ...own, by: "outside", max: "1", outside }]],
    ["`gates[0].outside`", [{ ...own, by: "outside", max: 1 }]],
    ["`gates[0].max`", [{ ...own, max: 1 }]],
    ["`gates[0].dryRun`", [{ ...own, dryRun: 1 }]],
    ["`gates[0].penalty`", [{ ...own, penalty: 1 }]],
    ["`gates[1].name` to be a name that no other gate has", [own, own]],
  ])("is refused for %s: %o", (message, given) => {
    expect(() => checkGates("ramp", given as Gate[])).toThrow(message);
  });
});
