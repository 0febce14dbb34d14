import { freezeAll } from "../../model/freeze-all.ts";
import type { Comparison, Difference } from "../../model/comparison.ts";
import type { Observation, Outcome } from "../../model/observation.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import type { CandidateObservation, Result } from "../../model/result.ts";
import { toPublisher } from "../../model/publisher.ts";
import { drawSides, type Draw } from "../../records/draw-sides.ts";
import type { Steps } from "../../records/in-slices.ts";
import { isDrawn, markDrawn } from "../../records/drawn-result.ts";
import {
  compileRedaction,
  redactReason,
  secretPathOf,
  type Redaction,
  type RedactOptions,
} from "../../records/redaction.ts";
import { throughSteps } from "./wrap-publisher.ts";

/**
 * Passes on results without the usual secrets and whatever else is named: by keys at any depth, by paths, and by what is a
 * secret by its shape.
 *
 * The inner publisher gets copies: JSON-like data as `preview` draws it, a Map as `{ $Map: [...] }`. What it must not see is
 * not there.
 *
 * @throws {SidelaneError} `invalid-option`
 * @example redact({ keys: ['account'], paths: ['**.address'], replace: { pseudonym: secret } }, publisher)
 */
export function redact(options: RedactOptions, publisher: PublisherLike): Publisher {
  const redaction = compileRedaction(options);
  return throughSteps(toPublisher(publisher, "redact"), (result) => redactResult(result, redaction));
}

interface Redactor {
  readonly draw: Draw;
  readonly redaction: Redaction;
}

function* redactResult(result: Result, redaction: Redaction): Steps<Result> {
  const drawn = isDrawn(result);
  const by: Redactor = {
    draw: (value, path, limits) => (drawn ? redaction.drawn(value, path) : redaction.value(value, path, limits)),
    redaction,
  };
  const context = by.draw(result.context) as Result["context"];
  yield;
  const control = redactObservation(result.control, by);
  const candidates: CandidateObservation[] = [];
  for (const candidate of result.candidates) {
    yield;
    candidates.push(yield* redactCandidate(candidate, result.control, by));
  }
  return freezeAll(
    markDrawn({ ...result, context, control, candidates: candidates as unknown as Result["candidates"] }),
  );
}

function redactObservation<Observed extends Observation>(observation: Observed, by: Redactor): Observed {
  return { ...observation, outcome: redactOutcome(observation.outcome, by) };
}

function redactOutcome(outcome: Outcome, by: Redactor): Outcome {
  switch (outcome.kind) {
    case "returned":
      return { kind: "returned", value: by.draw(outcome.value) };
    case "threw":
      return { kind: "threw", error: by.draw(outcome.error) };
    case "timed-out":
      return outcome;
  }
}

function* redactCandidate(
  candidate: CandidateObservation,
  control: Observation,
  by: Redactor,
): Steps<CandidateObservation> {
  const observation = redactObservation(candidate, by);
  const comparison = yield* redactComparison(candidate.comparison, [control.outcome, candidate.outcome], by);
  return { ...observation, comparison };
}

function* redactComparison(
  comparison: Comparison,
  outcomes: readonly [Outcome, Outcome],
  by: Redactor,
): Steps<Comparison> {
  switch (comparison.kind) {
    case "match":
      return comparison;
    case "inconclusive": {
      const reason = redactReason(comparison.reason, by.redaction);
      return "error" in comparison ?
          { ...comparison, reason, error: by.draw(comparison.error) }
        : { ...comparison, reason };
    }
    case "ignored":
      return {
        ...comparison,
        rule: by.redaction.text(comparison.rule),
        differences: yield* redactDifferences(comparison.differences, outcomes, by),
      };
    case "mismatch": {
      const [first, ...rest] = yield* redactDifferences(comparison.differences, outcomes, by);
      return { ...comparison, differences: [first!, ...rest] };
    }
  }
}

function* redactDifferences(
  differences: readonly Difference[],
  outcomes: readonly [Outcome, Outcome],
  by: Redactor,
): Steps<Difference[]> {
  const redacted: Difference[] = [];
  for (const difference of differences) {
    yield;
    redacted.push(redactDifference(difference, outcomes, by));
  }
  return redacted;
}

function redactDifference(difference: Difference, outcomes: readonly [Outcome, Outcome], by: Redactor): Difference {
  const { path, kind } = difference;
  const [control, candidate] = outcomes;
  // One threw and the other returned: both are told in words made of their values, which the outcomes hold as well.
  const ends = path === "$" && control.kind !== candidate.kind;
  if (ends) return { path, kind, control: control.kind, candidate: candidate.kind };
  const under = secretPathOf(difference, outcomes.map(contentOf), by.redaction);
  return {
    path: by.redaction.path(path),
    kind,
    ...drawSides(difference, under, by.draw),
  };
}

function contentOf(outcome: Outcome): unknown {
  if (outcome.kind === "returned") return outcome.value;
  return outcome.kind === "threw" ? outcome.error : undefined;
}
