import type { RolloutSnapshot, Sample } from "../../../src/model/rollout.ts";
import { ProcessRun } from "../../../src/rollout/fleet/process-run.ts";
import { RampJudgement, type JudgementHost } from "../../../src/rollout/ramp/ramp-judgement.ts";
import { checkRampOptions, type RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { snapshotOf } from "../../../src/rollout/snapshot.ts";
import { initialState, type RolloutState } from "../../../src/rollout/state.ts";
import { gates } from "../../../src/stats/gates.ts";
import { sample } from "../../stats/sample.ts";

const secret = "0f".repeat(16);
export const begun: RolloutState = { ...initialState([0.1, 0.5], 0, "shadow", "v1"), changedAt: 1_000 };

/** A judgement by itself: what it asks of its ramp, and what it tells. */
export interface Judging {
  readonly judgement: RampJudgement;
  /** What its ramp says of itself. */
  readonly is: {
    state: RolloutState;
    now: number;
    known: boolean;
    limited: boolean;
    version: string;
    mayPromote: boolean;
    isCurrent: boolean;
    snapshot: RolloutSnapshot;
  };
  readonly asked: object[];
  readonly told: (readonly [string, number, string])[];
  readonly faults: string[];
  record(times: number, more?: Partial<Sample>): void;
  kinds(): readonly string[];
}

export function judging(options: RampOptions = {}, first: RolloutState = begun, isStored = false): Judging {
  const is: Judging["is"] = {
    ...{ state: first, now: 1_000, known: true, limited: false, version: "v1", mayPromote: true, isCurrent: true },
    snapshot: snapshotOf("shadow"),
  };
  const asked: object[] = [];
  const told: (readonly [string, number, string])[] = [];
  const faults: string[] = [];
  const host: JudgementHost = {
    state: () => is.state,
    known: () => is.known,
    isStored,
    snapshot: () => is.snapshot,
    limited: () => is.limited,
    version: () => is.version,
    mayPromote: () => is.mayPromote,
    isCurrent: () => is.isCurrent,
    isChosen: (key) => key.startsWith("team"),
    units: () => undefined,
    request: (request) => void asked.push(request),
    tellHere: (kind, at, reason) => void told.push([kind, at, reason]),
    now: () => is.now,
    onFault: (operation, error) => void faults.push(`${operation}: ${String(error)}`),
  };
  const settings = {
    ...checkRampOptions({
      ...{ gates: [gates.mismatches(0.01)], minimumTimeMs: 0, unitWindowMs: 0, steps: [0.1, 0.5], ...options },
    }),
    run: new ProcessRun("a"),
  };
  const judgement = new RampJudgement(settings, secret, host);
  const record = (times: number, more: Partial<Sample> = {}): void => {
    for (let call = 0; call < times; call++) judgement.record(sample(more));
  };
  return { judgement, is, asked, told, faults, record, kinds: () => told.map(([kind]) => kind) };
}

// So many good units certify 1 %, and with every 64th comes a look.
export const enough = 576;
