import { systemClock } from "../model/clock.ts";
import { match, type Comparison, type Difference } from "../model/comparison.ts";
import { takeEqualSoFar, type EqualSoFar } from "./equality/equal-so-far.ts";
import { lookedUntil, surelyEqualWithin } from "./equality/surely-equal.ts";
import { compileRules, type CompareRules, type CompiledRules } from "./rules/rules.ts";
import { typeNameOf } from "./kinds/type-name.ts";
import { signatureOf } from "./signature.ts";
import type { DifferenceWatch } from "./equality/difference-list.ts";
import { Stop } from "./equality/stop.ts";
import { callUser } from "./equality/user-rules.ts";
import { Walk } from "./equality/walk.ts";

/**
 * Compares two values and says where they differ. Pure and synchronous; changes nothing, prints nothing, and never
 * throws for what the values do.
 *
 * - `match`: equal, as data that a caller can read: NaN is NaN, −0 is +0, the order of keys, Map entries and Set
 *   elements means nothing, classes agree, a missing key is not one that is `undefined`
 * - `mismatch`: with up to 50 differences, and how many more were counted, up to 1 000 in all. Those found before a
 *   limit was hit were seen, and count
 * - `inconclusive`: a limit was hit before any difference was found; all differences are opaque (two functions,
 *   streams, promises) or could be read on neither side; or a rule of the user's threw, which `error` carries
 *
 * @throws {SidelaneError} `invalid-definition`, when `rules` has a mistake; compile them once with an experiment
 * @example compare({ price: 1 }, { price: 2 }) // => { kind: "mismatch", differences: [{ path: "$.price", kind: "value", control: 1, candidate: 2 }], signature: … }
 */
export function compare<Value>(control: Value, candidate: unknown, rules?: CompareRules<Value>): Comparison {
  return compareValues(control, candidate, compileRules(rules as CompareRules | undefined, "compare"));
}

/** What is known of two values before they are compared. */
export interface Beforehand {
  /** They were looked at together, and are not surely equal. */
  readonly looked: boolean;
  /** Both are copies, in which no accessor is left. */
  readonly areCopies: boolean;
}

const nothingKnown: Beforehand = { looked: false, areCopies: false };

/**
 * As {@link compare}, with rules that are compiled already. Never throws.
 *
 * @param watch told all differences, not only those that are kept; as long as it is undecided, none of them ends the walk
 */
export function compareValues(
  control: unknown,
  candidate: unknown,
  rules: CompiledRules,
  now: () => number = systemClock.monotonic,
  watch?: DifferenceWatch,
  { looked, areCopies }: Beforehand = nothingKnown,
): Comparison {
  // Rules of places may call equal what was seen to differ.
  if (looked && rules.start.dead)
    return compareClosely(control, candidate, rules, now, undefined, watch, areCopies, []);
  // Rules only loosen, so that what is equal without them needs none of them.
  if (surelyEqualWithin(control, candidate, rules.start, rules.limits.timeMs, now)) return match;
  const { until, isLate } = lookedUntil();
  const equalSoFar = takeEqualSoFar();
  if (!isLate) return compareClosely(control, candidate, rules, now, until, watch, areCopies, equalSoFar);
  const reason = `longer than ${rules.limits.timeMs} ms`;
  watch?.ended(reason);
  return { kind: "inconclusive", reason };
}

function compareClosely(
  control: unknown,
  candidate: unknown,
  rules: CompiledRules,
  now: () => number,
  until: number | undefined,
  watch: DifferenceWatch | undefined,
  areCopies: boolean,
  equalSoFar: readonly EqualSoFar[],
): Comparison {
  if (rules.normalize !== undefined) {
    try {
      control = callUser("`normalize`", rules.normalize, control);
      candidate = callUser("`normalize`", rules.normalize, candidate);
    } catch (stop) {
      const { reason, failure } = stop as Stop;
      return { kind: "inconclusive", reason, ...failure };
    }
  }
  const walk = new Walk(rules, now, until, watch, areCopies, equalSoFar);
  // Not by the gate again: what it has read once may be in what `normalize` returned.
  if (rules.normalize !== undefined && walk.quick.same(control, candidate, rules.start)) return match;
  try {
    if (walk.run(control, candidate)) return match;
  } catch (stop) {
    return ended(walk, stop, watch);
  }
  return differing(walk);
}

const enough = "enough";

function ended(walk: Walk, stop: unknown, watch: DifferenceWatch | undefined): Comparison {
  const reason = endReason(stop);
  watch?.ended(reason === enough ? `more than ${walk.differences.count - 1} differences` : reason);
  if (walk.differences.decided) return differing(walk);
  if (stop instanceof Stop) return { kind: "inconclusive", reason, ...stop.failure };
  return { kind: "inconclusive", reason, error: stop };
}

function endReason(stop: unknown): string {
  if (stop instanceof Stop) return stop.reason;
  return stop instanceof RangeError ? "deeper than the call stack holds" : "could not be read";
}

function differing({ differences: { kept, others, count, decided }, failure }: Walk): Comparison {
  const [first, ...more] = kept;
  if (decided && first !== undefined) {
    const signature = signatureOf(others.length === 0 ? kept : [...kept, ...others]).id;
    const mismatch = { kind: "mismatch", differences: [first, ...more], signature } as const;
    return count > kept.length ? { ...mismatch, moreDifferences: count - kept.length } : mismatch;
  }
  return { kind: "inconclusive", reason: reasonOf(kept), ...failure };
}

function reasonOf(differences: readonly Difference[]): string {
  const [first] = differences;
  if (first === undefined) return "could not be read";
  const more = differences.length > 1 ? `, and ${differences.length - 1} more` : "";
  if (first.kind !== "opaque") return `${first.path} threw while being read${more}`;
  return `${first.path} is opaque: it cannot be looked into${more}${mend(first)}`;
}

/** The rule that would tell, for an instance of a class. */
function mend({ path, control, candidate }: Difference): string {
  const name = typeNameOf(control);
  if (typeof control !== "object" || name === "object" || typeNameOf(candidate) !== name) return "";
  const at = JSON.stringify(path);
  return `. Not all of what a ${name} holds can be seen; say how to read it: \`compare: { classes: [[${name}, (it) => …]] }\` or \`compare: { at: { ${at}: (it) => … } }\``;
}
