import { describe, expect, it } from "vitest";
import { SilenceWatch } from "../../../src/rollout/ramp/silence.ts";

describe("a silence", () => {
  const begun = (): SilenceWatch => {
    const watch = new SilenceWatch(60_000);
    watch.begin(1_000, 10);
    return watch;
  };

  it("is told once, when it has lasted long enough", () => {
    const watch = begun();
    expect(watch.check(60_999, 10, true)).toBeUndefined();
    expect(watch.check(61_000, 10, true)).toEqual({ kind: "no-traffic", reason: "Not called for 60 s." });
    expect(watch.check(99_000, 10, true)).toBeUndefined();
  });

  it("says how many calls came, of which none was compared", () => {
    expect(begun().check(61_400, 17, true)).toEqual({
      ...{ kind: "stalled", reason: "7 calls in 60 s, and not one of them was compared." },
    });
  });

  it("ends with a comparison, from which on time and calls count anew", () => {
    const watch = begun();
    watch.check(61_000, 10, true);
    watch.sampled();
    expect(watch.check(62_000, 12, true)).toBeUndefined();
    expect(watch.check(121_999, 12, true)).toBeUndefined();
    expect(watch.check(122_000, 12, true)).toMatchObject({ kind: "no-traffic" });
  });

  it("is none while no comparison is expected", () => {
    const watch = begun();
    expect(watch.check(70_000, 20, false)).toBeUndefined();
    expect(watch.check(129_000, 20, true)).toBeUndefined();
    expect(watch.check(130_000, 20, true)).toMatchObject({ kind: "no-traffic" });
  });
});
