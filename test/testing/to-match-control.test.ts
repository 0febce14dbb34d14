import { expect as jestExpect } from "expect";
import { describe, expect, it } from "vitest";
import { toMatchControl, type ControlMatchers } from "../../src/testing/index.ts";

// As its docstring says; the names of the parameters have to be those of the runner.
/* oxlint-disable typescript/no-empty-object-type, typescript/no-explicit-any -- an interface is merged only under the same parameters, with nothing of its own */
declare module "vitest" {
  interface Matchers<T = any> extends ControlMatchers {}
}
declare module "expect" {
  interface Matchers<R extends void | Promise<void>, T> extends ControlMatchers<R> {}
}
/* oxlint-enable typescript/no-empty-object-type, typescript/no-explicit-any */

expect.extend({ toMatchControl });
jestExpect.extend({ toMatchControl });

describe.each([
  ["vitest", expect],
  ["jest", jestExpect as unknown as typeof expect],
])("toMatchControl in %s", (_, runner) => {
  it("passes what an experiment would call a match", () => {
    runner({ total: NaN, tags: new Set([1, 2]) }).toMatchControl({ tags: new Set([2, 1]), total: NaN });
    runner({ id: 1, updatedAt: 2 }).toMatchControl({ id: 1, updatedAt: 3 }, { ignore: ["**.updatedAt"] });
    runner({ total: 0.1 + 0.2 }).toMatchControl({ total: 0.3 }, { tolerance: 1e-9 });
  });

  it("says where a mismatch is, what each side has there, and what only one side has", () => {
    const candidate = { total: 13, extra: "a\n", deep: [1] };
    expect(() => runner(candidate).toMatchControl({ total: 12.5, deep: [1, 2] })).toThrow(
      [
        "expected control's value, which differs",
        "  $.total  value  control 12.5, candidate 13",
        "  $.deep[1]  removed  control 2",
        '  $.extra  added  candidate "a\\n"',
      ].join("\n"),
    );
  });

  it("tells of ten differences and counts the others", () => {
    const list = (from: number): object =>
      Object.fromEntries(Array.from({ length: 14 }, (_, n) => [`k${n}`, from + n]));
    expect(() => runner(list(1)).toMatchControl(list(100))).toThrow(/k9 .*\n {2}… 4 more \(10 of 14 shown\)$/);
  });

  it("turns around with `not`", () => {
    runner({ total: 1 }).not.toMatchControl({ total: 2 });
    expect(() => runner({ total: 1 }).not.toMatchControl({ total: 1 })).toThrow(
      "expected another value than control's { total: 1 }",
    );
  });

  it("fails either way where nothing could be told", () => {
    const [one, other] = [(): number => 1, (): number => 1];
    expect(() => runner({ one }).toMatchControl({ one: other })).toThrow(
      "cannot be compared with control's value: $.one is opaque",
    );
    expect(() => runner({ one }).not.toMatchControl({ one: other })).toThrow("cannot be compared");
  });

  it("refuses rules that have a mistake", () => {
    expect(() => runner(1).toMatchControl(1, { ignored: [] } as never)).toThrow(
      /toMatchControl: unknown option `ignored`/,
    );
  });
});
