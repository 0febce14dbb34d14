import type { Comparison, Difference } from "../model/comparison.ts";
import type { Observation, Outcome } from "../model/observation.ts";
import { checkOptions } from "../model/check-options.ts";
import { resultKinds, type CandidateObservation, type Result, type ResultKind } from "../model/result.ts";
import { signatureOf } from "../compare/signature.ts";

const control: Outcome = { kind: "returned", value: { id: 42, name: "Ada", total: 12.5 } };

const differences: readonly [Difference] = [{ path: "$.total", kind: "value", control: 12.5, candidate: 13 }];

/** What each kind of result looks like when nothing else is asked for. */
const candidates: Record<ResultKind, { outcome: Outcome; comparison: Comparison }> = {
  match: { outcome: control, comparison: { kind: "match" } },
  mismatch: {
    outcome: { kind: "returned", value: { id: 42, name: "Ada", total: 13 } },
    comparison: { kind: "mismatch", differences, signature: signatureOf(differences).id },
  },
  ignored: {
    outcome: { kind: "returned", value: { id: 42, name: "Ada", total: 13 } },
    comparison: { kind: "ignored", rule: "rounding", differences },
  },
  inconclusive: {
    outcome: { kind: "returned", value: { id: 42, name: "Ada", total: 12.5 } },
    comparison: { kind: "inconclusive", reason: "comparer threw", error: new TypeError("no total") },
  },
  "timed-out": {
    outcome: { kind: "timed-out", afterMs: 10_000 },
    comparison: { kind: "inconclusive", reason: "timed-out" },
  },
};

let made = 0;

/** What may be asked of {@link aResult}: any field of a result, those of its observations one by one. */
export interface ResultParts extends Omit<Partial<Result>, "control" | "candidates"> {
  readonly control?: Partial<Observation>;
  /** One or more candidates; the first is called `candidate`, the others `candidate-2` and so on, if not said otherwise. */
  readonly candidates?: readonly Partial<CandidateObservation>[];
}

/**
 * A realistic frozen result, for tests of publishers and of whatever reads results.
 *
 * @param parts what it should be made of; the rest is filled in to suit its `kind`, which is `mismatch` by default
 * @throws {SidelaneError} `invalid-option` for a kind that there is not
 * @example aResult({ kind: 'match', experiment: 'price' })
 */
export function aResult(parts: ResultParts = {}): Result {
  const { kind = "mismatch", control: controlParts, candidates: candidateParts = [{}], ...rest } = parts;
  checkOptions("aResult").oneOf("kind", kind, resultKinds);
  made += 1;
  const observed = candidateParts.map((given, index) => aCandidate(kind, index, given));
  return freeze({
    id: `test-${made}`,
    experiment: "find-user",
    startedAt: Date.UTC(2026, 0, 1),
    served: "control",
    context: {},
    ...rest,
    kind,
    control: {
      name: "control",
      outcome: control,
      evidence: "live",
      durationMs: 12,
      syncMs: 0.5,
      offsetMs: 0,
      ...controlParts,
    },
    candidates: observed as [CandidateObservation, ...CandidateObservation[]],
  });
}

function aCandidate(kind: ResultKind, index: number, given: Partial<CandidateObservation>): CandidateObservation {
  const { outcome, comparison } = candidates[kind];
  return {
    name: index === 0 ? "candidate" : `candidate-${index + 1}`,
    outcome,
    evidence: "live",
    durationMs: outcome.kind === "timed-out" ? outcome.afterMs : 8,
    syncMs: 0.4,
    offsetMs: 0.1,
    ...given,
    comparison: given.comparison ?? comparison,
  };
}

function freeze(result: Result): Result {
  for (const observation of [result.control, ...result.candidates]) Object.freeze(observation);
  Object.freeze(result.candidates);
  Object.freeze(result.context);
  return Object.freeze(result);
}
