/**
 * tzientist's interface on top of ours, so that its own tests run on this library. Three things are otherwise on purpose:
 * results are published once the caller has been served (their tests wait by {@link published}), whatever a publisher or gate
 * does stays away from the caller, and both sides run at once also where theirs run one after the other.
 */
import type { AnyFunction } from "../../src/model/any-function.ts";
import { Laboratory, type Observation, type Result } from "../../src/index.ts";

/** As tzientist describes a call to its publishers. */
export interface Results {
  readonly experimentName: string;
  readonly experimentArguments: unknown;
  readonly controlResult?: unknown;
  readonly candidateResult?: unknown;
  readonly controlError?: unknown;
  readonly candidateError?: unknown;
  readonly controlTimeMs?: number;
  readonly candidateTimeMs?: number;
}

interface Experiment {
  readonly name: string;
  readonly control: AnyFunction;
  readonly candidate: AnyFunction;
  readonly options?: {
    readonly publish?: (results: Results) => void;
    readonly enabled?: (...args: unknown[]) => boolean;
    readonly inParallel?: boolean;
  };
}

// Each experiment has a laboratory of its own, as tzientist's names need not be unique.
const laboratories: Laboratory[] = [];

export function experiment({ name, control, candidate, options = {} }: Experiment): AnyFunction {
  const { publish, enabled } = options;
  const laboratory = new Laboratory({
    publishers: [{ name: "tzientist", publish: publish ? (result) => publish(resultsOf(result)) : warn }],
  });
  laboratories.push(laboratory);
  return laboratory.experiment(name, {
    control,
    candidate,
    context: (...args: unknown[]) => ({ args }),
    ...(enabled && { enabled }),
  } as never);
}

export function experimentAsync(...given: Parameters<typeof experiment>): ReturnType<typeof experiment> {
  return experiment(...given);
}

/** Waits until everything that was called is published. */
export async function published(): Promise<void> {
  for (const laboratory of laboratories) {
    await laboratory.settled();
    await laboratory.flush();
  }
  laboratories.length = 0;
}

function warn({ kind, experiment: name }: Result): void {
  if (kind === "mismatch") console.warn(`Experiment ${name}: difference found`);
}

function resultsOf({ experiment: experimentName, context, control, candidates: [candidate] }: Result): Results {
  return {
    experimentName,
    experimentArguments: context["args"],
    ...sideOf("control", control),
    ...sideOf("candidate", candidate),
  };
}

function sideOf(side: "control" | "candidate", { outcome, durationMs }: Observation): Partial<Results> {
  if (outcome.kind === "returned") return { [`${side}Result`]: outcome.value, [`${side}TimeMs`]: durationMs };
  return outcome.kind === "threw" ? { [`${side}Error`]: outcome.error } : {};
}
