import { describe, expect, it } from "vitest";
import { Laboratory, SidelaneError } from "../../src/index.ts";

const control = (n: number): number => n;
const candidate = control;

// Each: what is wrong, the definition, and what the message must name: the option, what was expected, what came.
const definitions: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ["no control", { candidate }, /`control`.*function.*undefined/s],
  ["a control that is no function", { control: 5, candidate }, /`control`.*function.*5/s],
  ["no candidate", { control }, /`candidate`.*function.*undefined/s],
  ["a candidate that is no function", { control, candidate: "b" }, /`candidate`.*function.*"b"/s],
  ["no candidates at all", { control, candidates: {} }, /`candidates`.*at least one/s],
  ["a candidate and candidates", { control, candidate, candidates: { b: candidate } }, /`candidates`.*left out/s],
  ["a candidate called control", { control, candidates: { control: candidate } }, /`candidates`.*control/s],
  ["a candidate without a name", { control, candidates: { "": candidate } }, /candidates' names/],
  ["an unknown option", { control, candidate, canidate: 1 }, /canidate/],
  ["a share above one", { control, candidate, sample: 1.5 }, /`sample`.*1.*1\.5/s],
  ["a share below zero", { control, candidate, sample: -0.1 }, /`sample`.*-0\.1/s],
  ["a share that is no number", { control, candidate, sample: NaN }, /`sample`.*NaN/s],
  ["a negative limit", { control, candidate, limits: { timeoutMs: -1 } }, /limits\.timeoutMs.*-1/s],
  ["a limit that is no number", { control, candidate, limits: { maxInFlight: NaN } }, /limits\.maxInFlight.*NaN/s],
  ["an unknown limit", { control, candidate, limits: { timeout: 1 } }, /limits\.timeout/],
  ["an unknown execution", { control, candidate, execution: "later" }, /`execution`.*deferred.*later/s],
  ["an unknown order", { control, candidate, order: "candidate-first" }, /`order`.*random.*candidate-first/s],
  ["a deferred candidate in random order", { control, candidate, execution: "deferred", order: "random" }, /`order`/],
  ["an end that is no date", { control, candidate, about: { until: "soon" } }, /about\.until.*date.*soon/s],
  [
    "a rule whose end is no date",
    { control, candidate, ignore: [{ name: "a", when: () => true, until: "soon" }] },
    /until.*soon/s,
  ],
  ["a rule without a name", { control, candidate, ignore: [{ when: () => true }] }, /name/],
  ["rules that are no list", { control, candidate, ignore: () => true }, /`ignore`/],
  ["a comparison that is none", { control, candidate, compare: 5 }, /`compare`.*5/s],
  ["a pattern with a mistake", { control, candidate, compare: { ignore: ["$.items["] } }, /\$\.items\[/],
  ["a hook that is no function", { control, candidate, afterRun: true }, /`afterRun`.*function.*true/s],
  ["a gate that is none", { control, candidate, enabled: "yes" }, /`enabled`.*yes/s],
  ["a switch that is none", { control, candidate, capture: "no" }, /`capture`.*no/s],
  ["shares of a rollout outside of [0, 1]", { control, candidate, rollout: { serve: 2 } }, /serve.*2/s],
  ["an unknown stage", { control, candidate, rollout: "rampant" }, /rampant/],
  [
    "a rollout of several candidates",
    { control, candidates: { a: candidate, b: candidate }, rollout: "shadow" },
    /rollout/,
  ],
];

const laboratories: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
  ["publishers that are no list", { publishers: () => undefined }, /`publishers`.*array/s],
  ["a publisher that is none", { publishers: [5] }, /publishers\[0\].*5/s],
  [
    "two publishers of one name",
    { publishers: [function a() {}, function a() {}] },
    /`publishers`.*different names.*a/s,
  ],
  ["an unknown option", { publisher: [] }, /publisher/],
  ["a clock without its methods", { clock: { now: () => 0 } }, /clock\.monotonic.*function/s],
  ["a source of chance that is none", { random: 0.5 }, /`random`.*function.*0\.5/s],
  ["a limit that is none", { limits: { maxInFlight: "many" } }, /limits\.maxInFlight.*many/s],
  ["a context that is none", { context: "shop" }, /`context`.*shop/s],
];

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a definition with", () => {
  it.each(definitions)("%s is refused when it is made", (_, definition, says) => {
    const lab = new Laboratory();
    const error = thrownBy(() => lab.experiment("tried", definition as never));
    expect(error).toBeInstanceOf(SidelaneError);
    expect(error).toMatchObject({ code: "invalid-definition", message: expect.stringMatching(says) as string });
    expect((error as Error).message).toContain("tried");
    // What was refused has left nothing behind.
    expect(lab.status().experiments).toEqual({});
    expect(lab.experiment("tried", { control, candidate })(3)).toBe(3);
  });

  it.each(["", 5, undefined])("the name %o is refused", (name) => {
    const error = thrownBy(() => new Laboratory().experiment(name as string, { control, candidate }));
    expect(error).toMatchObject({ code: "invalid-definition", message: expect.stringMatching(/name/) as string });
  });
});

describe("a laboratory with", () => {
  it.each(laboratories)("%s is refused", (_, options, says) => {
    const error = thrownBy(() => new Laboratory(options));
    expect(error).toBeInstanceOf(SidelaneError);
    expect((error as Error).message).toMatch(says);
  });
});
