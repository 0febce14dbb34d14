import { match, type Comparison, type Difference, type DifferenceKind } from "../model/comparison.ts";
import { hasThen, tellFailure } from "../model/silence.ts";
import { signatureOf } from "./signature.ts";
import { typeNameOf } from "./kinds/type-name.ts";

type Differences = readonly [Difference, ...Difference[]];

const mostDifferences = 50;
/** By the signature, as of our own comparison. */
const mostNamed = 1_000;

/** Told the differences that a comparer lists, all of them. */
type SawAll = (differences: readonly Difference[], named: number) => void;

/**
 * Reads what a user's comparer answered: `true`, `false` or a comparison of its own. A promise, or anything else, is no
 * answer, and `inconclusive`. Throws what reading a hostile answer throws.
 *
 * @param otherwise where the values differ, when the answer does not say where
 */
export function readAnswer(answer: unknown, otherwise: () => Comparison, sawAll?: SawAll): Comparison {
  if (answer === true) return match;
  if (answer === false) return otherwise();
  if (typeof answer === "object" && answer !== null) {
    if (hasThen(answer)) {
      tellFailure(answer);
      return { kind: "inconclusive", reason: "the comparer returned a promise; compare synchronously" };
    }
    const own = readComparison(answer as Readonly<Record<string, unknown>>, otherwise, sawAll);
    if (own !== undefined) return own;
  }
  return {
    kind: "inconclusive",
    reason: `comparer returned neither true, false nor a comparison, but ${typeNameOf(answer)}`,
  };
}

function readComparison(
  answer: Readonly<Record<string, unknown>>,
  otherwise: () => Comparison,
  sawAll: SawAll | undefined,
): Comparison | undefined {
  switch (answer.kind) {
    case "match":
      return match;
    case "mismatch": {
      const all = readDifferences(answer.differences);
      if (all.length === 0) return otherwise();
      sawAll?.(all, mostNamed);
      return mismatchOf(all);
    }
    case "ignored": {
      if (typeof answer.rule !== "string") return undefined;
      const all = readDifferences(answer.differences);
      return { kind: "ignored", rule: answer.rule, differences: all.slice(0, mostDifferences), ...more(all) };
    }
    case "inconclusive": {
      const reason = typeof answer.reason === "string" ? answer.reason : "comparer could not tell";
      return "error" in answer ?
          { kind: "inconclusive", reason, error: answer.error }
        : { kind: "inconclusive", reason };
    }
    default:
      return undefined;
  }
}

const kinds: ReadonlySet<unknown> = new Set<DifferenceKind>([
  ...(["value", "type", "added", "removed", "undefined", "length", "order", "opaque", "unreadable"] as const),
]);

/**
 * Copies of those that are differences: what was read once is not asked for again, and the user's own objects stay as they are.
 * The signature is always made here, so that it is of one version.
 */
function readDifferences(given: unknown): Difference[] {
  if (!Array.isArray(given)) return [];
  return (given as unknown[]).flatMap((each): Difference[] => {
    if (typeof each !== "object" || each === null) return [];
    const { path, kind } = each as Readonly<Record<string, unknown>>;
    if (typeof path !== "string" || !kinds.has(kind)) return [];
    const difference = { path, kind: kind as DifferenceKind };
    return [Object.assign(difference, sideOf(each, "control"), sideOf(each, "candidate"))];
  });
}

function sideOf(difference: object, side: "control" | "candidate"): Pick<Difference, "control" | "candidate"> {
  return side in difference ? { [side]: (difference as Difference)[side] } : {};
}

function mismatchOf(all: readonly Difference[]): Comparison {
  const differences = all.slice(0, mostDifferences) as unknown as Differences;
  const signature = signatureOf(all.slice(0, mostNamed)).id;
  return { kind: "mismatch", differences, signature, ...more(all) };
}

function more({ length }: readonly Difference[]): { readonly moreDifferences?: number } {
  return length > mostDifferences ? { moreDifferences: length - mostDifferences } : {};
}
