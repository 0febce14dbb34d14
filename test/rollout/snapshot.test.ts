import { describe, expect, it } from "vitest";
import { limitedBy, refusalOfKeys, snapshotFrom, snapshotOf } from "../../src/rollout/snapshot.ts";

describe("a limit from outside", () => {
  it.each([
    ["shadow", snapshotOf("shadow"), { stage: "shadow", share: 0, compare: 0.5 }],
    ["a smaller share", snapshotOf("ramp", 0.1), { stage: "ramp", share: 0.1, compare: 0.5 }],
    ["a larger share", snapshotOf("ramp", 0.9), { stage: "ramp", share: 0.25, compare: 0.5 }],
    ["fewer comparisons", snapshotOf("live", 1, 0, 0.2), { stage: "ramp", share: 0.25, compare: 0.2 }],
    ["off", snapshotOf("off"), { stage: "off", share: 0, compare: 0 }],
    // It compares nothing itself, and takes nothing from what is compared.
    ["everything", snapshotOf("complete"), { stage: "ramp", share: 0.25, compare: 0.5 }],
  ])("of %s lies on what is granted, whose epoch stays", (_, limit, lesser) => {
    const limited = limitedBy(snapshotOf("ramp", 0.25, 7, 0.5), { ...limit, epoch: 7 });
    expect(limited).toEqual({ ...lesser, epoch: 7 });
    expect(Object.isFrozen(limited)).toBe(true);
  });
});

describe("a share beside a key", () => {
  const refusal = (keyed: boolean, unkeyed?: "by-call") =>
    refusalOfKeys({ keyed, build: undefined }, unkeyed, "a `ramp`");

  it("is taken with a key, or with calls that are drawn anew", () => {
    expect(refusal(true)).toBeUndefined();
    expect(refusal(false, "by-call")).toBeUndefined();
  });

  it("is refused with both, and with neither", () => {
    expect(refusal(true, "by-call")).toBe("expected `unkeyed` to be left out where there is a `key`");
    expect(refusal(false)).toMatch(
      /^expected a `key` beside a `ramp`: .* say `unkeyed: "by-call"` to draw every call anew$/,
    );
  });
});

it("the stage `ramp` is refused without its share", () => {
  expect(() => snapshotFrom("ramp", "here")).toThrow(
    'here: expected `rollout` to be a stage that says its share, got "ramp". Write `{ serve: 0.1 }`',
  );
});
