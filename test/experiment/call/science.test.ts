import { describe, expect, it } from "vitest";
import { Laboratory, SidelaneError, type Fault, type Result } from "../../../src/index.ts";

function laboratory() {
  const faults: Fault[] = [];
  const results: Result[] = [];
  const lab = new Laboratory({
    onFault: (fault) => faults.push(fault),
    publishers: [{ name: "seen", publish: (result) => void results.push(result) }],
  });
  return { lab, faults, results, status: (name: string) => lab.status().experiments[name]! };
}

describe("science", () => {
  it("calls the functions of the present call, all of them", async () => {
    const { lab, results } = laboratory();
    const called: string[] = [];
    const once = (call: number): number =>
      lab.science("hooked", {
        control: () => (called.push(`control ${call}`), call),
        candidate: () => (called.push(`candidate ${call}`), call),
        enabled: () => (called.push(`enabled ${call}`), true),
        key: () => (called.push(`key ${call}`), "Ada"),
        context: () => (called.push(`context ${call}`), { call }),
        prepare: () => (called.push(`prepare ${call}`), []),
        beforeRun: () => void called.push(`beforeRun ${call}`),
        afterRun: () => void called.push(`afterRun ${call}`),
        clean: (value) => `${value} cleaned in ${call}`,
      });
    for (const call of [1, 2]) {
      called.length = 0;
      expect(once(call)).toBe(call);
      await lab.flush();
      expect([...called].sort()).toEqual(
        ["afterRun", "beforeRun", "candidate", "context", "control", "enabled", "key", "prepare"].map(
          (name) => `${name} ${call}`,
        ),
      );
    }
    expect(results.map(({ context }) => context)).toEqual([{ call: 1 }, { call: 2 }]);
    expect(results.map(({ control: { outcome } }) => outcome)).toEqual([
      { kind: "returned", value: "1 cleaned in 1" },
      { kind: "returned", value: "2 cleaned in 2" },
    ]);
  });

  it("returns its functions no arguments and no `this`", () => {
    const { lab } = laboratory();
    const given: unknown[] = [];
    const note = function (this: unknown, ...args: unknown[]): number {
      return given.push(this, ...args);
    };
    lab.science("bare", { control: note, candidate: note, compare: () => true });
    expect(given).toEqual([undefined, undefined]);
  });

  it("calls each of several candidates, and none that a call leaves out", async () => {
    const { lab, status } = laboratory();
    const first = { rules: () => 1, sql: () => 2 };
    expect(lab.science("several", { control: () => 1, candidates: first })).toBe(1);
    expect(lab.science("several", { control: () => 1, candidates: { rules: () => 2, sql: () => 1 } })).toBe(1);
    await lab.settled();
    const { rules, sql } = status("several").candidates;
    expect([rules, sql]).toMatchObject([
      { matched: 1, mismatched: 1 },
      { matched: 1, mismatched: 1 },
    ]);
    lab.science("several", { control: () => 2, candidates: { rules: () => 2 } });
    await lab.settled();
    expect(status("several").candidates).toMatchObject({ rules: { matched: 2 }, sql: { started: 2 } });
    expect(lab.science("several", { control: () => 3, candidates: { rules: undefined as never } })).toBe(3);
    expect(status("several")).toMatchObject({ calls: 4, started: 3, skips: { "not-enabled": 1 } });
  });

  it("asks no gate that is a switch: the first definition says what is allowed", () => {
    const { lab, status } = laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    lab.science("off", { ...sides, enabled: false });
    lab.science("off", sides);
    lab.science("on", { ...sides, enabled: true });
    lab.science("on", { ...sides, enabled: true });
    lab.science("off later", sides);
    lab.science("off later", { ...sides, enabled: false });
    expect(status("off")).toMatchObject({ calls: 2, skips: { "not-enabled": 2 }, faults: { internal: 1 } });
    expect(status("off later")).toMatchObject({ matched: 1, skips: { "not-enabled": 1 }, faults: { internal: 1 } });
    expect(status("on")).toMatchObject({ calls: 2, matched: 2, faults: {} });
  });

  it("is given by control alone beyond 1 000 names, which is one fault", () => {
    const { lab, faults } = laboratory();
    const control = () => 1;
    for (let n = 0; n < 1_000; n++) lab.science(`name ${n}`, { control, candidate: control });
    expect(faults).toEqual([]);
    let runs = 0;
    const candidate = (): number => (runs += 1);
    expect(lab.science("too many", { control: () => 7, candidate })).toBe(7);
    expect(lab.science("far too many", { control: () => 8, candidate })).toBe(8);
    expect(runs).toBe(0);
    const message = "More than 1000 names of `science`; give a name to a comparison, not to a call";
    expect(faults).toEqual([{ operation: "internal", error: new SidelaneError("invalid-definition", message) }]);
    expect(faults[0]!.error).toMatchObject({ code: "invalid-definition" });
    expect(lab.status().faults).toEqual({ internal: 1 });
    lab.science("name 3", { control, candidate });
    expect(runs).toBe(1);
  });

  it("compares and tells with the present call's own functions", async () => {
    const { lab, status } = laboratory();
    const seen: string[] = [];
    const once = (call: number): unknown =>
      lab.science("own", {
        control: () => 1,
        candidate: () => 1 + call,
        compare: (one, other) => (seen.push(`compare ${call}`), one === other),
        knownMismatches: [{ name: "rule", when: () => (seen.push(`rule ${call}`), call === 2) }],
        onNewMismatch: () => void seen.push(`new ${call}`),
      });
    for (const call of [1, 2]) {
      seen.length = 0;
      once(call);
      await lab.settled();
      expect(seen).toEqual([`compare ${call}`, `rule ${call}`, ...(call === 1 ? ["new 1"] : [])]);
    }
    expect(status("own")).toMatchObject({ mismatched: 1, ignored: 1, faults: {} });
  });

  it("tells of options that change, and of candidates that the first call did not have, and goes on with the first", async () => {
    const { lab, faults, status } = laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    const limits = { timeoutMs: 5 };
    lab.science("data", { ...sides, limits: { ...limits }, compare: { ignore: ["$.at"] } });
    lab.science("data", { ...sides, limits: { ...limits }, compare: { ignore: ["$.at"] } });
    expect(faults).toEqual([]);
    lab.science("data", { ...sides, limits: { timeoutMs: 6 }, compare: { ignore: ["$.at"] } });
    lab.science("data", { ...sides, limits, compare: { ignore: ["$.by"] } });
    lab.science("more", { control: () => 1, candidates: { rules: () => 1 } });
    lab.science("more", { control: () => 1, candidates: { rules: () => 1, sql: () => 2 } });
    await lab.settled();
    expect(faults.map(({ operation, experiment }) => [operation, experiment])).toEqual([
      ["internal", "data"],
      ["internal", "data"],
      ["internal", "more"],
    ]);
    expect(faults[0]!.error).toMatchObject({ message: expect.stringContaining("`limits`") as string });
    expect(status("data")).toMatchObject({ matched: 4 });
    expect(status("more")).toMatchObject({ matched: 2, mismatched: 0 });
  });
});
