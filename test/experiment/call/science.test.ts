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

  it("gives its functions no arguments and no `this`", () => {
    const { lab } = laboratory();
    const given: unknown[] = [];
    const note = function (this: unknown, ...args: unknown[]): number {
      return given.push(this, ...args);
    };
    lab.science("bare", { control: note, candidate: note, compare: () => true });
    expect(given).toEqual([undefined, undefined]);
  });

  it("calls each of several candidates, and the first ones again where a call leaves them out", async () => {
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
    expect(status("several").candidates).toMatchObject({ rules: { matched: 2 }, sql: { matched: 2 } });
  });

  it("asks no gate that is a switch: the first definition says what is allowed", () => {
    const { lab, status } = laboratory();
    const sides = { control: () => 1, candidate: () => 1 };
    lab.science("off", { ...sides, enabled: false });
    lab.science("off", sides);
    lab.science("on", { ...sides, enabled: true });
    lab.science("on", { ...sides, enabled: true });
    expect(status("off")).toMatchObject({ calls: 2, skips: { "not-enabled": 2 } });
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
});
