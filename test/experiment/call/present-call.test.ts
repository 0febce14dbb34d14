import { describe, expect, it } from "vitest";
import { Laboratory, SidelaneError, type Fault, type Result } from "../../../src/index.ts";
import { changedOption } from "../../../src/experiment/call/present-call.ts";
import type { UncheckedDefinition } from "../../../src/experiment/define/options.ts";

/** One option that the compiler would have more to say of. */
const having = (option: unknown, name = "limits"): UncheckedDefinition =>
  ({ control: () => 1, candidate: () => 1, [name]: option }) as UncheckedDefinition;

function nested(levels: number, leaf: number): unknown {
  return levels === 0 ? leaf : { inner: nested(levels - 1, leaf) };
}

describe("an option is what it was", () => {
  it.each<[string, unknown, unknown]>([
    ["the same data, made anew", { list: [1, { a: 2 }] }, { list: [1, { a: 2 }] }],
    ["NaN", NaN, NaN],
    ["two functions", () => 1, () => 2],
    ["a function, then nothing", () => 1, undefined],
    ["functions within data", { at: { "$.x": () => 1 }, ignore: ["$.y"] }, { at: { "$.x": () => 2 }, ignore: ["$.y"] }],
    ["two instances of one class", new Date(0), new Date(1)],
    ["what lies deeper than six levels", nested(7, 1), nested(7, 2)],
  ])("%s", (_, first, present) => {
    expect(changedOption(having(first), having(present))).toBeUndefined();
  });

  it("whatever its calls' own functions and context are", () => {
    const first = having({ shop: 1 }, "context");
    expect(changedOption(first, first)).toBeUndefined();
    expect(changedOption(first, having({ shop: 2 }, "context"))).toBeUndefined();
  });
});

describe("an option has changed", () => {
  it.each<[string, unknown, unknown]>([
    ["other data", { timeoutMs: 5 }, { timeoutMs: 6 }],
    ["a second field", { timeoutMs: 5, maxInFlight: 1 }, { timeoutMs: 5, maxInFlight: 2 }],
    ["a field more", { timeoutMs: 5 }, { timeoutMs: 5, maxInFlight: 2 }],
    ["a field less", { timeoutMs: 5, maxInFlight: 2 }, { timeoutMs: 5 }],
    ["an element", [{ name: "a" }], [{ name: "b" }]],
    ["data, then nothing", { timeoutMs: 5 }, undefined],
    ["a function, then data", () => 1, { ignore: [] }],
    ["data, then a function", { ignore: [] }, () => 1],
    ["null, then data", null, {}],
    ["data, then null", {}, null],
    ["a number, then data", 1, {}],
    ["data, then a number", {}, 1],
    ["an instance, then data", new Date(0), {}],
    ["data, then an instance", {}, new Date(0)],
    ["an instance of another class", new Date(0), /a/],
    ["what lies six levels deep", nested(6, 1), nested(6, 2)],
  ])("%s", (_, first, present) => {
    expect(changedOption(having(first), having(present))).toBe("limits");
  });

  it("also where only one of the two calls has it", () => {
    expect(changedOption(having(0.5, "sample"), having({}, "limits"))).toBe("sample");
    expect(changedOption(having({}, "limits"), { ...having({}), sample: 0.5 })).toBe("sample");
  });
});

describe("a later call of science", () => {
  function laboratory() {
    const faults: Fault[] = [];
    const results: Result[] = [];
    const lab = new Laboratory({
      onFault: (fault) => faults.push(fault),
      publishers: [{ name: "seen", publish: (result) => void results.push(result), kinds: ["mismatch", "ignored"] }],
    });
    return { lab, faults, results, status: (name: string) => lab.status().experiments[name]! };
  }
  const differing = { control: () => ({ total: 1 }), candidate: () => ({ total: 2 }) };

  it("says which candidate was not there at first, once for each call that names it", async () => {
    const { lab, faults } = laboratory();
    const control = () => 1;
    lab.science("more", { control, candidates: { rules: control } });
    lab.science("more", { control, candidates: { rules: control, sql: control } });
    await lab.settled();
    const message =
      '`science`: the candidate "sql" is not among those of the first call under this name, and does not run; name them all there';
    expect(faults.map(({ error }) => error)).toEqual([new SidelaneError("invalid-definition", message)]);
    expect(faults[0]!.error).toMatchObject({ code: "invalid-definition" });
    lab.science("more", { control, candidates: { rules: control, later: undefined as never } });
    expect(faults).toHaveLength(1);
  });

  it("says nothing of the second of two that were both there", async () => {
    const { lab, faults } = laboratory();
    const control = () => 1;
    for (let call = 0; call < 2; call++) lab.science("two", { control, candidates: { rules: control, sql: control } });
    await lab.settled();
    expect(faults).toEqual([]);
  });

  it("is compared by its own function where the first had none, and by none where it has none", async () => {
    const { lab, status } = laboratory();
    lab.science("late", differing);
    lab.science("late", { ...differing, compare: () => true });
    lab.science("late", differing);
    await lab.settled();
    expect(status("late")).toMatchObject({ matched: 1, mismatched: 2, faults: {} });
    lab.science("early", { ...differing, compare: () => true });
    lab.science("early", differing);
    await lab.settled();
    expect(status("early")).toMatchObject({ matched: 1, mismatched: 1 });
    const alike = { control: () => 1, candidate: () => 1 };
    lab.science("stricter", alike);
    lab.science("stricter", { ...alike, compare: () => false });
    await lab.settled();
    expect(status("stricter")).toMatchObject({ matched: 1, mismatched: 1 });
  });

  it("is compared by the functions in its own rules", async () => {
    const { lab, status } = laboratory();
    const by = (add: number) => ({ at: { "$.total": (total: number) => Math.min(total, add) } });
    lab.science("rules", { ...differing, compare: by(5) });
    lab.science("rules", { ...differing, compare: by(1) });
    await lab.settled();
    expect(status("rules")).toMatchObject({ matched: 1, mismatched: 1, faults: {} });
  });

  it("knows mismatches by its own functions alone", async () => {
    const { lab, status } = laboratory();
    const compare = () => false;
    const rule = (holds: boolean) => [{ name: "known", when: () => holds }];
    lab.science("known", { ...differing, compare, knownMismatches: rule(false) });
    lab.science("known", { ...differing, compare, knownMismatches: rule(true) });
    await lab.settled();
    expect(status("known")).toMatchObject({ mismatched: 1, ignored: 1, faults: {} });
  });

  it("goes on with the first rules where its own are none", async () => {
    const { lab, faults, status } = laboratory();
    const same = () => 1;
    lab.science("bad", { ...differing, compare: { at: { "$.total": same } } });
    lab.science("bad", { ...differing, compare: { at: { "$.[": same } } });
    await lab.settled();
    expect(status("bad")).toMatchObject({ matched: 2, faults: { internal: 1 } });
    expect((faults[0]!.error as Error).message).toMatch(/^science\("bad"\)/);
  });

  it("tells its own listener of a mismatch, and is compared as before", async () => {
    const { lab, status } = laboratory();
    const heard: string[] = [];
    const compare = { ignore: ["$.at"] };
    lab.science("listened", {
      control: () => 1,
      candidate: () => 1,
      compare,
      onNewMismatch: () => heard.push("first"),
    });
    lab.science("listened", {
      control: () => 1,
      candidate: () => 2,
      compare,
      onNewMismatch: () => heard.push("second"),
    });
    await lab.settled();
    expect(heard).toEqual(["second"]);
    expect(status("listened")).toMatchObject({ matched: 1, mismatched: 1, faults: {} });
  });

  it("keeps quiet where only the first had a listener", async () => {
    const { lab } = laboratory();
    const heard: string[] = [];
    lab.science("quiet", { control: () => 1, candidate: () => 1, onNewMismatch: () => heard.push("first") });
    lab.science("quiet", { control: () => 1, candidate: () => 2 });
    await lab.settled();
    expect(heard).toEqual([]);
  });
});
