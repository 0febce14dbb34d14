import { compareValues } from "../compare/compare.ts";
import { describeValue } from "../compare/copy/describe-value.ts";
import { tellDifference, tellMore } from "../compare/copy/told-differences.ts";
import { compileRules, type CompareRules } from "../compare/rules/rules.ts";
import type { Comparison } from "../model/comparison.ts";

/** What a matcher answers to vitest and jest. */
export interface MatcherAnswer {
  readonly pass: boolean;
  readonly message: () => string;
}

/**
 * What {@link toMatchControl} adds to `expect`, for the declaration that a runner's types ask for:
 *
 * - vitest: `declare module 'vitest' { interface Matchers<T = any> extends ControlMatchers {} }`
 * - `@jest/globals`: `declare module 'expect' { interface Matchers<R extends void | Promise<void>, T> extends ControlMatchers<R> {} }`
 * - `@types/jest`: `declare global { namespace jest { interface Matchers<R, T> extends ControlMatchers<R> {} } }`
 */
export interface ControlMatchers<Answer = void> {
  /** Fails where the value differs from control's under the rules, and where that cannot be told. */
  toMatchControl(control: unknown, rules?: CompareRules): Answer;
}

const differencesTold = 10;

/**
 * A matcher for vitest and jest: whether a value equals control's, as an experiment would compare them, and where not.
 *
 * Fails where an experiment would be inconclusive, and so does `not.toMatchControl`: could not be told is neither.
 *
 * @param rules what an experiment takes as `compare`: `ignore`, `unordered`, `tolerance` and so on
 * @throws {SidelaneError} `invalid-definition` when the rules have a mistake
 * @example
 * expect.extend({ toMatchControl })
 * expect(newPrice(cart)).toMatchControl(legacyPrice(cart), { ignore: ['**.updatedAt'] })
 */
export function toMatchControl(
  this: { readonly isNot?: boolean } | void,
  candidate: unknown,
  control: unknown,
  rules: CompareRules = {},
): MatcherAnswer {
  const comparison = compareValues(control, candidate, compileRules(rules, "toMatchControl"));
  switch (comparison.kind) {
    case "match":
      return { pass: true, message: () => `expected another value than control's ${describeValue(control, 200)}` };
    case "mismatch":
      return {
        pass: false,
        message: () => `expected control's value, which differs\n${linesOf(comparison).join("\n")}`,
      };
    default: {
      const reason = "reason" in comparison ? comparison.reason : comparison.rule;
      // With `not` the runner turns `pass` around: the one that fails is the other one.
      return { pass: this?.isNot === true, message: () => `cannot be compared with control's value: ${reason}` };
    }
  }
}

function linesOf(comparison: Extract<Comparison, { kind: "mismatch" }>): string[] {
  const lines = comparison.differences.slice(0, differencesTold).map((difference) => {
    const { path, kind, ...sides } = tellDifference(difference, 100);
    const told = Object.entries(sides).map(([side, text]) => `${side} ${text}`);
    return `  ${path}  ${kind}  ${told.join(", ")}`.trimEnd();
  });
  const more = tellMore(comparison, differencesTold);
  return more === undefined ? lines : [...lines, `  ${more}`];
}
