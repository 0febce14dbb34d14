import { describe, expect, it } from "vitest";
import { initialState, type RolloutState } from "../../src/rollout/state.ts";
import { isSafe, refusalOf, refused, transition, type RolloutRequest } from "../../src/rollout/transition.ts";

const kinds = [
  ...["advance", "step-back", "rollback", "off", "pause", "resume", "clear", "complete", "compare", "new-version"],
  "forked",
] as readonly RolloutRequest["kind"][];
const by = "Ada";
const reason = "because";
type Asked = RolloutRequest["kind"] | (Partial<RolloutRequest> & Pick<RolloutRequest, "kind">);

const request = (asked: Asked): RolloutRequest => ({
  ...{ by, reason, at: 1_000 },
  ...(typeof asked === "string" ? { kind: asked } : asked),
});
/** What all that is asked for makes of a state; nothing of it is refused. */
const after = (begun: RolloutState, ...asked: readonly Asked[]): RolloutState =>
  asked.map(request).reduce((state, each) => {
    expect(refusalOf(state, each)).toBeUndefined();
    return transition(state, each);
  }, begun);

const begun = initialState([0.1, 0.5], 0, "shadow", "v1");
const unversioned = initialState([0.1, 0.5], 0);
const live = after(begun, "advance", "advance", "advance");
const complete = after(live, "complete");
const latch = { at: 1_000, by, reason };

describe("a request that is refused", () => {
  it.each<readonly [RolloutState, Asked, string]>([
    [begun, { kind: "advance", epoch: 7 }, "The evidence is of epoch 7, and this is epoch 1."],
    [begun, { kind: "advance", version: "v2" }, "The evidence is of version v2, and another one runs."],
    [unversioned, { kind: "rollback", version: "v2" }, "The evidence is of version v2, and another one runs."],
    [begun, "forked", "Say which state was lost."],
    [begun, "new-version", "Say which version it is."],
    [begun, { kind: "new-version", version: "v1" }, "It runs already."],
    [
      after(begun, { kind: "new-version", version: "v2" }),
      { kind: "new-version", version: "v1" },
      "A newer version has been met since.",
    ],
    [after(begun, "rollback"), "rollback", "It is rolled back already."],
    [begun, { kind: "off", by: "ramp" }, "Only a person switches a rollout off: say who."],
    [after(begun, "off"), "off", "It is off already."],
    [begun, { kind: "compare", share: 0.5, by: "ramp" }, "Only a person says how much is compared: say who."],
    [after(begun, { kind: "compare", share: 0.5 }), { kind: "compare", share: 0.5 }, "So much is compared already."],
    [after(begun, "rollback"), "step-back", "It is rolled back; `clear` it first."],
    [initialState([], 0, "off"), "step-back", "There is no stage below `off`."],
    [after(begun, "rollback"), "pause", "It is rolled back, and takes no step."],
    [after(begun, "pause"), "pause", "It is paused already."],
    [after(begun, "rollback"), "resume", "It is rolled back; `clear` it first."],
    [begun, "resume", "It is not paused."],
    [after(begun, "rollback"), { kind: "clear", by: "source" }, "Only a person clears a rollback: say who."],
    [begun, "clear", "It is not rolled back."],
    [after(begun, "pause"), "advance", "It is paused; `resume` it first."],
    [after(begun, "rollback"), "advance", "It is rolled-back; `clear` it first."],
    [live, "advance", "After `live` comes `complete`, which has a call of its own."],
    [complete, "advance", "There is no stage after `complete`."],
    [live, { kind: "complete", by: " " }, "Only a person completes a rollout: say who."],
    [after(live, "pause"), "complete", "It is paused; `resume` it first."],
    [after(begun, "rollback"), "complete", "It is rolled-back; `clear` it first."],
    [begun, "complete", "Only `live` can be completed, and this is `shadow`."],
    [live, { kind: "complete", afterMs: 61_001, at: 31_000 }, "It has to be live for 32 s more."],
  ])("leaves the state as it is and says why (%#)", (state, asked, why) => {
    expect(refusalOf(state, request(asked))).toBe(why);
    expect(transition(state, request(asked))).toBe(state);
  });

  it("names what was asked", () => {
    expect(refused(request("step-back"), "There is no stage below `off`.")).toMatchObject({
      code: "invalid-state",
      message: "ramp: cannot step back. There is no stage below `off`.",
    });
  });
});

describe("a request that is taken", () => {
  it.each<readonly [string, RolloutState, Asked, object, object]>([
    ["a step", begun, "advance", { stage: "ramp", share: 0.1 }, { kind: "advanced" }],
    [
      "a step that pauses",
      begun,
      { kind: "advance", pauses: true },
      { share: 0.1, mode: "paused" },
      { kind: "advanced", pauses: true },
    ],
    ["of one's own version", begun, { kind: "advance", version: "v1", epoch: 1 }, { share: 0.1 }, { kind: "advanced" }],
    ["a step back", live, "step-back", { stage: "ramp", share: 0.5, mode: "running" }, { kind: "rolled-back" }],
    ["from off", initialState([0.1], 0, "off"), "advance", { stage: "shadow", share: 0 }, { kind: "advanced" }],
    [
      "a rollback",
      live,
      "rollback",
      { stage: "shadow", share: 0, mode: "rolled-back", versions: [{ version: "v1", latch }] },
      { kind: "rolled-back" },
    ],
    [
      "a rollback of what is off",
      initialState([0.1], 0, "off"),
      "rollback",
      { stage: "off", mode: "rolled-back" },
      { kind: "rolled-back" },
    ],
    [
      "off",
      live,
      "off",
      { stage: "off", share: 0, mode: "rolled-back", versions: [{ version: "v1", latch: { ...latch, off: true } }] },
      { kind: "switched-off" },
    ],
    ["off after a rollback", after(begun, "rollback"), "off", { stage: "off" }, { kind: "switched-off" }],
    ["off, where it had begun", initialState([], 0, "off"), "off", { mode: "rolled-back" }, { kind: "switched-off" }],
    [
      "how much is compared",
      begun,
      { kind: "compare", share: 0.25 },
      { compare: 0.25, stage: "shadow" },
      { kind: "compare-changed", compare: 0.25 },
    ],
    ["a pause", begun, "pause", { mode: "paused" }, { kind: "paused" }],
    [
      "a pause by an alarm",
      begun,
      { kind: "pause", alarmed: true },
      { mode: "paused" },
      { kind: "paused", alarmed: true },
    ],
    ["going on", after(begun, "pause"), "resume", { mode: "running" }, { kind: "resumed" }],
    [
      "a cleared rollback",
      after(live, "rollback"),
      "clear",
      { mode: "running", stage: "shadow", versions: [{ version: "v1" }] },
      { kind: "resumed" },
    ],
    ["the end", live, "complete", { stage: "complete", share: 1 }, { kind: "completed" }],
    [
      "the end, in time",
      live,
      { kind: "complete", afterMs: 1_000, at: 2_000 },
      { stage: "complete" },
      { kind: "completed" },
    ],
  ])("is %s", (_, state, asked, next, change) => {
    const made = after(state, asked);
    expect(made).toMatchObject({ ...next, epoch: state.epoch + 1, parent: state.id });
    const { at } = request(asked);
    const told = made.history.at(-1)!;
    expect(told).toEqual({
      ...change,
      ...{ at, by, reason, id: made.id, parent: state.id },
      from: { stage: state.stage, share: state.share, epoch: state.epoch },
      to: { stage: made.stage, share: made.share, epoch: made.epoch },
    });
    expect(Object.isFrozen(made) && Object.isFrozen(made.history) && Object.isFrozen(told)).toBe(true);
  });

  it("leaves the versions of a state that names none", () => {
    for (const kind of ["rollback", "off"] as const) expect(after(unversioned, kind)).not.toHaveProperty("versions");
  });

  it("counts a stage's time from where it was reached, in share as in stage", () => {
    const since = (state: RolloutState, asked: Asked): number => after(state, asked).since;
    const at = 9_000;
    expect(since(begun, { kind: "advance", at })).toBe(at);
    expect(since(after(begun, "advance"), { kind: "advance", at })).toBe(at);
    expect(since(live, { kind: "complete", at })).toBe(at);
    expect(since(live, { kind: "pause", at })).toBe(1_000);
    expect(since(begun, { kind: "new-version", version: "v2", at })).toBe(at);
    expect(after(live, { kind: "pause", at }).changedAt).toBe(at);
  });

  it.each(kinds)("waits for nothing where the candidate does less or no more: %s", (kind) => {
    expect(isSafe(request(kind))).toBe(["rollback", "off", "step-back", "pause"].includes(kind));
  });
});

describe("a new version", () => {
  const v2 = { kind: "new-version", version: "v2" } as const;
  const back = { kind: "new-version", version: "v1", returns: true } as const;

  it.each<readonly [string, RolloutState, Asked, object]>([
    ["begins in shadow", live, v2, { stage: "shadow", share: 0, mode: "running" }],
    ["keeps the stage where it is to", live, { ...v2, keepsStage: true }, { stage: "live", share: 1 }],
    ["stays paused", after(live, "pause"), v2, { stage: "shadow", mode: "paused" }],
    ["is not latched by another one's rollback", after(live, "rollback"), v2, { stage: "shadow", mode: "running" }],
    ["stays off", after(live, "off"), { ...v2, keepsStage: true }, { stage: "off", mode: "running" }],
    ["leaves what is complete", complete, v2, { stage: "complete", share: 1, mode: "running" }],
    [
      "that was rolled back is latched when it comes back, whatever is kept",
      after(live, "rollback", v2, "advance"),
      { ...back, keepsStage: true },
      { stage: "shadow", share: 0, mode: "rolled-back" },
    ],
    [
      "that was switched off is off when it comes back",
      after(live, "off", v2, "advance", "advance"),
      back,
      { stage: "off", share: 0, mode: "rolled-back" },
    ],
    [
      "that was rolled back leaves what is complete",
      after(live, "rollback", v2, "advance", "advance", "advance", "complete"),
      back,
      { stage: "complete", share: 1, mode: "running" },
    ],
    ["that was cleared comes back into shadow", after(live, "rollback", "clear", v2), back, { mode: "running" }],
  ])("%s", (_, state, asked, next) => {
    expect(after(state, asked)).toMatchObject({ ...next, candidateVersion: (asked as RolloutRequest).version });
  });

  it("brings its own steps and terms, and without them leaves those that there were", () => {
    const terms = { gates: [], minimumUnits: 1, minimumTimeMs: 2, completeAfterMs: 3, steps: [] };
    const next = after(begun, { ...v2, steps: [0.2], terms });
    expect(next).toMatchObject({ steps: [0.2], terms, versions: [{ version: "v1" }, { version: "v2" }] });
    expect(after(next, back)).toMatchObject({ steps: [0.2], terms, versions: [{ version: "v2" }, { version: "v1" }] });
    expect(after(begun, v2)).toMatchObject({ steps: [0.1, 0.5] });
    expect(after(begun, v2)).not.toHaveProperty("terms");
  });

  it("may be one without a name, of a state that names none", () => {
    const next = after(after(unversioned, "advance"), "new-version");
    expect(next).toMatchObject({ stage: "shadow", mode: "running" });
    expect(next).not.toHaveProperty("candidateVersion");
    expect(next).not.toHaveProperty("versions");
    expect(after(unversioned, v2)).toMatchObject({ candidateVersion: "v2", versions: [{ version: "v2" }] });
  });
});

describe("what is left of two states neither of which follows from the other", () => {
  const forked = (state: RolloutState, lost: RolloutState): RolloutState => after(state, { kind: "forked", lost });

  it("is the safer one, in an epoch above both", () => {
    for (const [one, other] of [
      [begun, live],
      [live, begun],
    ] as const) {
      expect(forked(one, other)).toMatchObject({ stage: "shadow", share: 0, epoch: 5, candidateVersion: "v1" });
      expect(forked(one, other).history.at(-1)).toMatchObject({ kind: "forked", lost: other.id });
    }
    expect(forked(live, after(begun, "rollback"))).toMatchObject({ mode: "rolled-back", stage: "shadow" });
  });

  it("knows the versions of both, with every latch of either", () => {
    const other = after(begun, "rollback", { kind: "new-version", version: "v2" });
    expect(forked(live, other).versions).toEqual([{ version: "v1", latch }, { version: "v2" }]);
    expect(forked(other, live).versions).toEqual([{ version: "v1", latch }, { version: "v2" }]);
    const off = after(begun, "off");
    const offLatch = { version: "v1", latch: { ...latch, off: true } };
    expect(forked(off, after(begun, "rollback")).versions).toEqual([offLatch]);
    expect(forked(after(begun, "rollback"), off).versions).toEqual([offLatch]);
  });

  it("names no version where neither did, and the last 32 where there are more", () => {
    const next = forked(unversioned, after(unversioned, "advance"));
    expect(next).not.toHaveProperty("versions");
    expect(next).not.toHaveProperty("candidateVersion");
    const many = (prefix: string): RolloutState =>
      after(
        unversioned,
        ...Array.from({ length: 20 }, (_, at) => ({ kind: "new-version" as const, version: `${prefix}${at}` })),
      );
    const all = forked(many("a"), many("b")).versions!.map(({ version }) => version);
    expect([all.length, all[0], all.at(-1)]).toEqual([32, "a8", "b19"]);
  });
});
