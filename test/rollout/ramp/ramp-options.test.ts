import { describe, expect, it } from "vitest";
import { checkRampOptions, type RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { gates } from "../../../src/stats/gates.ts";

const settled = (options: RampOptions = {}) => checkRampOptions(options);

describe("what a ramp is set to", () => {
  it("is safe by default", () => {
    expect(settled()).toMatchObject({
      ...{ steps: [0.01, 0.05, 0.1, 0.25, 0.5], onReady: "notify", onRegression: "rollback", start: "shadow" },
      ...{ compare: 1, minimumTimeMs: 600_000, minimumUnits: 500, minimumServed: 102, minimumKeys: 102 },
      ...{ completeAfterMs: 86_400_000, risk: 0.01, unitWindowMs: 60_000, quietAfterMs: 600_000 },
      ...{ checkEveryMs: 10_000, staleAfterMs: 60_000, onNewVersion: "shadow" },
    });
    expect(settled()).not.toHaveProperty("chosen");
  });

  it("rests on a tenth of its units being answered by the candidate, at least on 102, unless it says how many", () => {
    expect(settled({ minimumUnits: 1_020 }).minimumServed).toBe(102);
    expect(settled({ minimumUnits: 1_021 }).minimumServed).toBe(103);
    expect(settled({ minimumUnits: 5_000, minimumServed: 7 }).minimumServed).toBe(7);
  });

  it("has a gate for what could not be compared, once", () => {
    const names = (given: RampOptions["gates"]) => settled({ gates: given! }).gates.map(({ name, max }) => [name, max]);
    expect(names([gates.mismatches(0.01)])).toEqual([
      ["mismatch", 0.01],
      ["inconclusive", 0.05],
    ]);
    expect(names([gates.inconclusive(0.5), gates.mismatches(0.01)])).toEqual([
      ["inconclusive", 0.5],
      ["mismatch", 0.01],
    ]);
  });

  it("goes by the last known state for at least two looks", () => {
    expect(settled({ checkEveryMs: 30_000 }).staleAfterMs).toBe(60_000);
    expect(settled({ checkEveryMs: 30_001 }).staleAfterMs).toBe(60_002);
    expect(settled({ checkEveryMs: 20, staleAfterMs: 40 }).staleAfterMs).toBe(40);
    expect(() => settled({ checkEveryMs: 20, staleAfterMs: 39 })).toThrow(
      "ramp: expected `staleAfterMs` to be at least twice `checkEveryMs`, which is 20, got 39",
    );
  });

  it("has the keys that its first step chooses", () => {
    const keys = (key: string): boolean => key === "team";
    const of = settled({ steps: [{ keys, pause: true }, 0.5] });
    expect([of.chosen, of.steps, of.stepTerms.get(0)]).toEqual([keys, [0, 0.5], { pause: true }]);
  });

  it.each<readonly [string, readonly unknown[], readonly unknown[]]>([
    ["risk", [0.001, 0.999], [0, 1, -0.1, 1.1, "0.5", NaN]],
    ["process", ["a", "x".repeat(200)], ["", "x".repeat(201), 7, ["a"]]],
    ["minimumKeys", [0, 65_536], [-1, 0.5, 65_537]],
    ["falseAlarmEvery", [1], [0.5]],
    ["checkEveryMs", [10], [9, 2 ** 31]],
    ["staleAfterMs", [Infinity], [19, NaN]],
  ])("takes or refuses `%s`", (name, taken, refused) => {
    for (const value of taken)
      expect(settled({ [name]: value, ...(name !== "checkEveryMs" && { checkEveryMs: 10 }) })).toMatchObject({
        [name]: value,
      });
    for (const value of refused) expect(() => settled({ [name]: value })).toThrow(`ramp: expected \`${name}\``);
  });

  it("has gates that are gates", () => {
    expect(() => settled({ gates: [] })).toThrow("ramp: expected `gates`");
  });
});
