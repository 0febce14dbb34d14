import { describe, expect, it } from "vitest";
import { withStanding } from "../../../src/rollout/ramp/standing.ts";
import { initialState, type RolloutState } from "../../../src/rollout/state.ts";
import { transition, type RolloutRequest } from "../../../src/rollout/transition.ts";
import type { Verdict } from "../../../src/stats/verdict.ts";

const verdict = { kind: "insufficient", reasons: ["Too few units."] } as unknown as Verdict;

/** The state of version v1 at its first step, after what was asked for. */
function after(...asked: readonly (Partial<RolloutRequest> & Pick<RolloutRequest, "kind">)[]): RolloutState {
  const requests = [{ kind: "advance" } as const, ...asked].map((request) => ({
    ...{ at: 1, by: "Ada", reason: "wrong totals" },
    ...request,
  }));
  return requests.reduce(transition, initialState([0.1, 0.5], 0, "shadow", "v1"));
}

const standing = (state: RolloutState): Verdict => withStanding(verdict, state, "v1");

describe("why a ramp stands still", () => {
  it("is not said of one that goes on", () => {
    expect(standing(after())).toBe(verdict);
    expect(standing(after({ kind: "pause" }, { kind: "resume" }))).toBe(verdict);
    expect(standing(after({ kind: "rollback" }, { kind: "clear" }))).toBe(verdict);
  });

  it.each<readonly [string, RolloutState, string, string]>([
    [
      "the last pause",
      after({ kind: "pause", by: "Ben" }, { kind: "resume" }, { kind: "pause" }),
      "paused",
      "Paused by Ada, wrong totals",
    ],
    [
      "a step that is set to pause",
      after({ kind: "advance", pauses: true }),
      "paused",
      "Paused, as this step is set to be, until a person resumes it.",
    ],
    [
      "a pause after such a step",
      after({ kind: "advance", pauses: true }, { kind: "resume" }, { kind: "pause" }),
      "paused",
      "Paused by Ada, wrong totals",
    ],
    [
      "a rollback",
      after({ kind: "rollback" }),
      "rolled-back",
      "Rolled back until a person clears it, by Ada, wrong totals",
    ],
    [
      "a rollback of one that a step had paused",
      after({ kind: "advance", pauses: true }, { kind: "rollback" }),
      "rolled-back",
      "Rolled back until a person clears it, by Ada, wrong totals",
    ],
    [
      "being switched off",
      after({ kind: "off" }),
      "switched-off",
      "Switched off until a person clears it, by Ada, wrong totals",
    ],
    [
      "a latch of a version that came back, of whose rollback its history says nothing any more",
      { ...after({ kind: "rollback" }), history: [] },
      "rolled-back",
      "Rolled back until a person clears it, by Ada, wrong totals",
    ],
    [
      "its own latch of a version that came back, whatever befell others since",
      after(
        { kind: "rollback", by: "Ben" },
        { kind: "new-version", version: "v2" },
        { kind: "advance" },
        { kind: "step-back" },
        { kind: "new-version", version: "v1", returns: true },
      ),
      "rolled-back",
      "Rolled back until a person clears it, by Ben, wrong totals",
    ],
  ])("comes before what the evidence says: %s", (_, state, is, reason) => {
    expect(standing(state)).toEqual({ ...verdict, standing: is, reasons: [reason, "Too few units."] });
  });

  it("is left out where no history says it", () => {
    expect(standing({ ...after({ kind: "pause" }), history: [] })).toBe(verdict);
    const { versions: _, ...unversioned } = after({ kind: "rollback" });
    expect(standing({ ...unversioned, history: [] })).toBe(verdict);
  });

  it("is another version in a process that does not run the present one, and nothing else there", () => {
    expect(withStanding(verdict, after({ kind: "rollback" }), "v2")).toEqual({
      ...verdict,
      reasons: [
        "This process runs version v2, and version v1 is the present one: control answers here.",
        "Too few units.",
      ],
    });
  });
});
