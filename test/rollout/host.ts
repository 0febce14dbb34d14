import type { RolloutEvent, RolloutHost } from "../../src/model/rollout.ts";
import type { Ramp } from "../../src/rollout/ramp/ramp.ts";
import { decide } from "../../src/rollout/decide.ts";
import { fixedClock, type FixedClock } from "../../src/testing/fixed-clock.ts";
import { sample } from "../stats/sample.ts";

/** A laboratory's part towards one rollout: counts calls and keeps what it is told. */
export interface TestHost extends RolloutHost {
  readonly clock: FixedClock;
  readonly events: RolloutEvent[];
  readonly faults: { readonly operation: string; readonly error: unknown }[];
  called: number;
}

export function testHost(clock: FixedClock = fixedClock()): TestHost {
  const host: TestHost = {
    clock,
    events: [],
    faults: [],
    called: 0,
    calls: () => host.called,
    onEvent: (event) => void host.events.push(event),
    onFault: (operation, error) => void host.faults.push({ operation, error }),
  };
  return host;
}

/** Calls the experiment as the core does: a snapshot at the start, a comparison at the end. Gives who served. */
export function call(
  ramp: Ramp,
  host: TestHost,
  { key, isBad = false, slow = false }: { key: string; isBad?: boolean; slow?: boolean },
): "control" | "candidate" {
  const snapshot = ramp.current();
  host.called++;
  const { serve, compare } = decide(snapshot, ramp.bucket("price", key));
  if (compare) {
    ramp.record!(
      sample({
        kind: isBad ? "mismatch" : "match",
        key,
        served: serve === "candidate",
        at: host.clock.now(),
        epoch: snapshot.epoch,
        candidateMs: slow ? 40 : 10,
        pair: { controlMs: 10, candidateMs: slow ? 40 : 10 },
      }),
    );
  }
  return serve;
}
