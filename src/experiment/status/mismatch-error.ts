import { SidelaneError } from "../../model/errors.ts";
import type { Observation } from "../../model/observation.ts";
import type { CandidateObservation, Result } from "../../model/result.ts";
import { describeValue } from "../../compare/copy/describe-value.ts";
import { tellDifference, tellMore } from "../../compare/copy/told-differences.ts";

const mostDifferences = 10;
const mostCharacters = 200;
const sideCharacters = 100;

/**
 * Thrown to a caller only under `throwOnMismatch`, which is for test suites. `result` is the result that publishers get.
 */
export class MismatchError extends SidelaneError {
  override readonly name: string = "MismatchError";
  readonly result: Result;

  constructor(result: Result) {
    super("mismatch", messageOf(result));
    // Not enumerable: printing an error prints its message, and test runners send errors between processes.
    this.result = result;
    Object.defineProperty(this, "result", { enumerable: false });
  }

  /** Holds across two copies of the class, as that of `SidelaneError` does. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== MismatchError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return value instanceof SidelaneError && value.code === "mismatch";
  }

  /** Plain data: name, code, message and where they differ. */
  toJSON(): unknown {
    const { result } = this;
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      experiment: result.experiment,
      id: result.id,
      differences: result.candidates.flatMap(({ name, comparison }) =>
        comparison.kind === "mismatch" ?
          comparison.differences.map(({ path, kind }) => ({ candidate: name, path, kind }))
        : [],
      ),
    };
  }
}

function messageOf(result: Result): string {
  const lines = [`experiment ${JSON.stringify(result.experiment)} ${verbs[result.kind]}`, ...sideLines(result.control)];
  for (const candidate of result.candidates) {
    if (candidate.comparison.kind === "inconclusive") lines.push(...sideLines(candidate), ...reasonLines(candidate));
    if (candidate.comparison.kind !== "mismatch") continue;
    lines.push(...sideLines(candidate), "differences:");
    // What `clean` keeps back is told by its place alone.
    const shaped = [result.control, candidate].some(({ evidence }) => evidence === "cleaned" || evidence === "omitted");
    for (const difference of candidate.comparison.differences.slice(0, mostDifferences)) {
      const { path, kind, control, candidate: theirs } = tellDifference(difference, sideCharacters);
      const sides = shaped ? [] : [control, theirs].filter((side) => side !== undefined);
      lines.push(`  ${[`${path} (${kind})`, sides.join(" → ")].join("  ").trimEnd()}`);
    }
    const more = tellMore(candidate.comparison, mostDifferences);
    if (more !== undefined) lines.push(`  ${more}`);
  }
  return lines.join("\n");
}

const verbs: Readonly<Record<Result["kind"], string>> = {
  match: "matched",
  ignored: "mismatched as known",
  mismatch: "mismatched",
  inconclusive: "could not be compared",
  "timed-out": "timed out",
};

function reasonLines({ outcome, comparison }: CandidateObservation): string[] {
  return outcome.kind !== "timed-out" && comparison.kind === "inconclusive" ?
      [`inconclusive: ${comparison.reason}`]
    : [];
}

function sideLines({ name, outcome, evidence }: Observation): string[] {
  switch (outcome.kind) {
    case "returned":
      return [
        `${name}:`,
        evidence === "omitted" ? "  (left out)" : `  ${describeValue(outcome.value, mostCharacters)}`,
      ];
    case "threw":
      return [`${name} threw:`, `  ${describeValue(outcome.error, mostCharacters)}`, ...stackLines(outcome.error)];
    case "timed-out":
      return [`${name}:`, `  timed out after ${outcome.afterMs.toFixed(1)} ms`];
  }
}

function stackLines(error: unknown): string[] {
  try {
    if (!(error instanceof Error) || typeof error.stack !== "string") return [];
    return error.stack
      .split("\n")
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 5)
      .map((line) => `    ${line.trim()}`);
  } catch {
    return [];
  }
}
