import { describe, expect, it } from "vitest";
import { ramp } from "../../../src/rollout/ramp/ramp.ts";

describe("a command", () => {
  it("keeps who asked and why, and a reason of its own where none was given", async () => {
    const rollout = ramp();
    await rollout.advance({ by: "Ada" });
    await rollout.pause({ by: "Ben", reason: "lunch" });
    await rollout.resume({ by: "Ben" });
    await rollout.stepBack({ by: "Ada", reason: "too early" });
    await rollout.rollback({ by: "pager", reason: "error budget" });
    await rollout.clear({ by: "Ada" });
    expect(rollout.status().state.history.map(({ kind, by, reason }) => `${kind} by ${by}: ${reason}`)).toEqual([
      "advanced by Ada: advanced by hand",
      "paused by Ben: lunch",
      "resumed by Ben: resumed",
      "rolled-back by Ada: too early",
      "rolled-back by pager: error budget",
      "resumed by Ada: cleared",
    ]);
  });

  it.each([
    ["advance", undefined, /ramp: advance: expected `command` to be an object/],
    ["advance", "Ada", /`command` to be an object/],
    ["pause", {}, /`by`/],
    ["pause", { by: "ramp" }, /`by` to be who asks, got "ramp"\. That name is for what happens by itself/],
    ["pause", { by: "source" }, /`by` to be who asks, got "source"/],
    ["pause", { by: "Ada", why: "lunch" }, /`why`/],
    ["rollback", { by: "Ada" }, /`reason`/],
    ["stepBack", { by: "Ada", reason: "" }, /`reason`/],
    ["clear", { by: " " }, /`by`|say who/],
  ] as const)("%s(%j) is refused, and changes nothing", async (name, command, message) => {
    const rollout = ramp();
    const before = rollout.status().state;
    await expect(rollout[name](command as never)).rejects.toThrow(message);
    expect(rollout.status().state).toBe(before);
  });
});
