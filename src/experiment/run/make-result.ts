import type { Evidence, Observation, Outcome } from "../../model/observation.ts";
import type { CandidateObservation, Result, ResultKind } from "../../model/result.ts";
import { ask, failed } from "../define/services.ts";
import { cleanComparison, frozen } from "./clean-comparison.ts";
import type { Run } from "./run.ts";
import type { Trial } from "./candidate-run.ts";

const severity: Record<ResultKind, number> = { match: 0, ignored: 1, inconclusive: 2, "timed-out": 3, mismatch: 4 };

/** The worst of two. */
export function worse(one: ResultKind, other: ResultKind): ResultKind {
  return severity[other] > severity[one] ? other : one;
}

/** Makes the result of a run that has ended: frozen, with all that Sidelane itself has made of it. */
export function makeResult(run: Run, id: string): Result {
  const { plan, snapshot } = run;
  const { clock } = plan.host;
  const context = { ...plan.host.context, ...run.context };
  const startedAt = clock.now() - (clock.monotonic() - run.startedAt);
  const control = Object.freeze(
    observe(run, "control", run.control!, run.controlEvidence, {
      startedAt: run.controlStartedAt,
      syncEndedAt: run.controlSyncEndedAt,
      endedAt: run.controlEndedAt,
    }),
  );
  return Object.freeze({
    id,
    experiment: plan.name,
    startedAt,
    served: run.served,
    ...(plan.version !== undefined && { version: plan.version }),
    ...(snapshot && {
      rollout: Object.freeze({ stage: snapshot.stage, share: snapshot.share, epoch: snapshot.epoch }),
    }),
    context: Object.freeze(context),
    control,
    candidates: Object.freeze(
      run.trials.map((trial) => observeTrial(run, trial, control, startedAt)),
    ) as Result["candidates"],
    kind: run.kind(),
  });
}

function observeTrial(run: Run, trial: Trial, control: Observation, at: number): CandidateObservation {
  const { outcome, evidence, argumentsMutated } = trial;
  const observed = observe(run, trial.candidate, outcome!, evidence, trial);
  const isCleaned = run.hooks.clean !== undefined;
  return Object.freeze({
    ...observed,
    comparison: frozen(
      isCleaned ? cleanComparison(trial.comparison!, control.outcome, observed.outcome, at) : trial.comparison!,
    ),
    ...(argumentsMutated !== undefined && { argumentsMutated }),
  });
}

/** Stamps of the monotonic clock. */
interface Stamps {
  readonly startedAt: number;
  readonly syncEndedAt: number;
  readonly endedAt: number;
}

function observe(run: Run, name: string, outcome: Outcome, evidence: Evidence, stamps: Stamps): Observation {
  const durationMs = stamps.endedAt - stamps.startedAt;
  const syncMs = stamps.syncEndedAt - stamps.startedAt;
  const offsetMs = stamps.startedAt - run.startedAt;
  const { clean } = run.hooks;
  if (clean === undefined || outcome.kind !== "returned") {
    return { name, outcome: Object.freeze(outcome), evidence, durationMs, syncMs, offsetMs };
  }
  const cleaned = ask(run.plan.host, run.plan, "clean", clean, undefined, [outcome.value]);
  const omitted = cleaned === failed;
  return {
    name,
    outcome: Object.freeze({ kind: "returned", value: omitted ? undefined : cleaned }),
    evidence: omitted ? "omitted" : "cleaned",
    durationMs,
    syncMs,
    offsetMs,
  };
}
