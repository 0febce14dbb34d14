import { describe, expect, it } from "vitest";
import {
  firstStateOf,
  RampVersions,
  refuseOther,
  strangeIn,
  termsOf,
} from "../../../src/rollout/ramp/ramp-versions.ts";
import { ProcessRun } from "../../../src/rollout/fleet/process-run.ts";
import { checkRampOptions, type RampOptions, type RampSettings } from "../../../src/rollout/ramp/ramp-options.ts";
import { initialState, type RolloutState } from "../../../src/rollout/state.ts";
import { gates } from "../../../src/stats/gates.ts";

const minute = 60_000;
const settled = (options: RampOptions): RampSettings => ({
  ...checkRampOptions(options),
  run: new ProcessRun(undefined),
});
const settings = settled({
  gates: [gates.mismatches(0.002)],
  steps: [0.1, { share: 0.5, pause: true }, { share: 0.9, minimumTimeMs: 7 }],
  ...{ minimumUnits: 600, minimumTimeMs: 3_000, completeAfterMs: 4_000 },
});
const terms = {
  gates: [
    { name: "mismatch", max: 0.002 },
    { name: "inconclusive", max: 0.05 },
  ],
  ...{ minimumUnits: 600, minimumTimeMs: 3_000, completeAfterMs: 4_000 },
  steps: [
    { share: 0.5, pause: true },
    { share: 0.9, minimumTimeMs: 7 },
  ],
};

describe("what a state says of its ramp", () => {
  it("are its gates, times and the steps with terms of their own", () => {
    expect(termsOf(settings)).toStrictEqual(terms);
    const first = firstStateOf(settings, 5, "v1", "a-secret");
    expect(first).toMatchObject({ stage: "shadow", steps: [0.1, 0.5, 0.9], since: 5, unitSecret: "a-secret", terms });
    expect(first.candidateVersion).toBe("v1");
    expect(Object.isFrozen(first)).toBe(true);
  });

  it("is strange under the same version with other steps alone", () => {
    const [own, others] = [initialState([0.1, 0.5, 0.9], 0, "shadow", "v1"), initialState([0.3], 0, "shadow", "v1")];
    expect(strangeIn(own, settings, "v1")).toBeUndefined();
    expect(strangeIn(others, settings, "v2")).toBeUndefined();
    expect(strangeIn(others, settings, "v1")).toMatch(
      /^Version v1 is kept with the steps 0.3, and this ramp has 0.1, 0.5, 0.9/,
    );
  });

  it("belongs to one experiment", () => {
    expect(() => refuseOther("price", undefined)).not.toThrow();
    expect(() => refuseOther("price", "price")).not.toThrow();
    expect(() => refuseOther("price", "tax")).toThrow(/`rollout` of its own, got the ramp of "tax"/);
  });
});

describe("a process of another version than the present one", () => {
  const state: RolloutState = {
    ...initialState([0.1], 0, "shadow", "v2"),
    versions: [{ version: "v1" }, { version: "v2" }],
  };

  it("asks for nothing where its version is the present one", () => {
    expect(new RampVersions(settings).requestOf(state, "v2", undefined, 1e9, 1e9)).toBeUndefined();
    const unversioned = initialState([0.1], 0);
    expect(new RampVersions(settings).requestOf(unversioned, undefined, undefined, 1e9, 1e9)).toBeUndefined();
  });

  it("begins anew at once with a version that was never met, or with none", () => {
    for (const version of ["v3", undefined]) {
      const request = new RampVersions(settings).requestOf(state, version, 0, 10, 10);
      expect(request).toStrictEqual({
        ...{ kind: "new-version", at: 10, reason: `Version ${version} was met for the first time.`, returns: false },
        ...{ steps: settings.steps, terms, keepsStage: false },
        ...(version !== undefined && { version }),
      });
    }
  });

  it("keeps the stage where it is to", () => {
    const keeping = settled({ onNewVersion: "keep" });
    expect(new RampVersions(keeping).requestOf(state, "v3", 0, 10, 10)).toMatchObject({ keepsStage: true });
  });

  it("returns once nothing was heard of the present one for ten minutes, by its own clock and by the store's", () => {
    const asked = (heardAt: number | undefined, now: number, monotonic: number): readonly unknown[] => {
      const versions = new RampVersions(settings);
      expect(versions.requestOf(state, "v1", heardAt, 0, 1_000)).toBeUndefined();
      const request = versions.requestOf(state, "v1", heardAt, now, 1_000 + monotonic);
      return request === undefined ? [] : [request];
    };
    const returns = { reason: "Version v2 has not been heard of for 10 min.", returns: true, version: "v1" };
    expect(asked(0, 10 * minute, 10 * minute)).toMatchObject([returns]);
    expect(asked(undefined, 1, 10 * minute)).toMatchObject([returns]);
    expect(asked(0, 10 * minute, 10 * minute - 1)).toEqual([]);
    expect(asked(1, 10 * minute, 10 * minute)).toEqual([]);
    expect(asked(undefined, 10 * minute, 10 * minute - 1)).toEqual([]);
  });

  it("waits anew after its version was the present one, or another one became it", () => {
    const versions = new RampVersions(settings);
    const [early, late] = [0, 10 * minute];
    versions.requestOf(state, "v1", undefined, 0, early);
    versions.requestOf({ ...state, candidateVersion: "v1" }, "v1", undefined, 0, early + 1);
    expect(versions.requestOf(state, "v1", undefined, 0, late)).toBeUndefined();
    const third = { ...state, candidateVersion: "v3", versions: [...state.versions!, { version: "v3" }] };
    expect(versions.requestOf(third, "v1", undefined, 0, late + 10 * minute)).toBeUndefined();
    expect(versions.requestOf(third, "v1", undefined, 0, late + 20 * minute)).toBeDefined();
  });
});
