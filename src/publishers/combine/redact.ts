import { preview } from "../../compare/copy/preview.ts";
import type { Comparison, Difference } from "../../model/comparison.ts";
import type { Observation, Outcome } from "../../model/observation.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import type { CandidateObservation, Result } from "../../model/result.ts";
import { toPublisher } from "../../model/publisher.ts";
import { drawSides, type Draw } from "../../records/draw-sides.ts";
import { isDrawn, markDrawn } from "../../records/drawn-result.ts";
import { compileRedaction, type Redaction, type RedactOptions } from "../../records/redaction.ts";
import { through } from "./wrap-publisher.ts";

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
  return through(toPublisher(publisher, "redact"), (result) => redactResult(result, redaction));
}

function redactResult(result: Result, redaction: Redaction): Result {
  const drawn = isDrawn(result);
  const draw: Draw = (value, path, limits) => redaction.drawn(drawn ? value : preview(value, limits), path);
  const [first, ...rest] = result.candidates;
  return markDrawn({
    ...result,
    context: draw(result.context) as Result["context"],
    control: redactObservation(result.control, draw),
    candidates: [redactCandidate(first, draw), ...rest.map((candidate) => redactCandidate(candidate, draw))],
  });
}

function redactObservation<Observed extends Observation>(observation: Observed, draw: Draw): Observed {
  return { ...observation, outcome: redactOutcome(observation.outcome, draw) };
}

function redactOutcome(outcome: Outcome, draw: Draw): Outcome {
  switch (outcome.kind) {
    case "returned":
      return { kind: "returned", value: draw(outcome.value) };
    case "threw":
      return { kind: "threw", error: draw(outcome.error) };
    case "timed-out":
      return outcome;
  }
}

function redactCandidate(candidate: CandidateObservation, draw: Draw): CandidateObservation {
  return { ...redactObservation(candidate, draw), comparison: redactComparison(candidate.comparison, draw) };
}

function redactComparison(comparison: Comparison, draw: Draw): Comparison {
  switch (comparison.kind) {
    case "match":
      return comparison;
    case "inconclusive":
      return "error" in comparison ? { ...comparison, error: draw(comparison.error) } : comparison;
    case "ignored":
      return { ...comparison, differences: comparison.differences.map((each) => redactDifference(each, draw)) };
    case "mismatch": {
      const [first, ...rest] = comparison.differences;
      return {
        ...comparison,
        differences: [redactDifference(first, draw), ...rest.map((each) => redactDifference(each, draw))],
      };
    }
  }
}

function redactDifference(difference: Difference, draw: Draw): Difference {
  return { ...difference, ...drawSides(difference, draw) };
}
