import { describe, expect, it } from "vitest";
import { checkRampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { minimumTimeOf, pausingAt } from "../../../src/rollout/ramp/step-terms.ts";
import { initialState } from "../../../src/rollout/state.ts";

const settings = {
  ...checkRampOptions({
    steps: [{ share: 0.1, minimumTimeMs: 0, pause: true }, 0.2, { share: 0.5, minimumTimeMs: 7, pause: false }],
    minimumTimeMs: 1_000,
  }),
  run: undefined as never,
};
const at = (stage: "off" | "shadow" | "ramp" | "live", share: number) => ({
  ...initialState(settings.steps, 0),
  ...{ stage, share },
});

describe("how long a step lasts at least", () => {
  it.each([
    ["shadow", 0, 1_000],
    ["ramp", 0.1, 0],
    ["ramp", 0.2, 1_000],
    ["ramp", 0.5, 7],
    // A share that the store has and this program does not.
    ["ramp", 0.3, 1_000],
    ["live", 1, 1_000],
    // What is limited to a step's share is not in that step.
    ["shadow", 0.1, 1_000],
  ] as const)("is its own time, or that of the ramp: %s %d", (stage, share, lastsMs) => {
    expect(minimumTimeOf(settings, at(stage, share))).toBe(lastsMs);
  });
});

describe("whether the step that is ahead pauses", () => {
  it.each([
    ["off", 0, false],
    ["shadow", 0, true],
    ["ramp", 0.1, false],
    ["ramp", 0.2, false],
    ["ramp", 0.5, false],
    ["live", 1, false],
  ] as const)("is what is written at that step: after %s %d", (stage, share, pauses) => {
    expect(pausingAt(settings, at(stage, share), "advance")).toEqual(pauses ? { pauses } : {});
  });

  it("is no matter for anything but a step", () => {
    expect(pausingAt(settings, at("shadow", 0), "pause")).toEqual({});
  });

  it("is none of `live`, where steps of a store end with a share of 1", () => {
    const odd = { ...settings, stepTerms: new Map([[1, { pause: true }]]) };
    expect(pausingAt(odd, at("ramp", 0.5), "advance")).toEqual({});
  });
});
