import { checkOptions } from "../model/check-options.ts";
import type { Rollout, Stage } from "../model/rollout.ts";
import { bucketCount, type SideName } from "./outbox/store.ts";
import { rolloutOf, type RolloutOption } from "../rollout/to-rollout.ts";

/**
 * How far the authority may go: `off`, nobody follows; `shadow`, control is the authority and the candidate follows; `ramp`, the
 * authority goes by partition; `live`, the candidate is the authority and control follows; `ramp-down`, the same without
 * reading back; `complete`, control stops, and there is no way back.
 */
export type WritesStage = Stage | "ramp-down";

/** What is wished: a stage, a share, or whatever a definition may have as its rollout. */
export type WritesRollout = RolloutOption | "ramp-down" | { current(): WishedStage };

/** The stage that a rollout wishes for, and in a ramp its share. */
export interface WishedStage {
  readonly stage: WritesStage;
  /** The share of partitions whose authority is the candidate in stage `ramp`, from 0 to 1. */
  readonly share: number;
}

/** What is wished now, and the rollout that learns from comparisons, where there is one. */
export interface Wish {
  now(): WishedStage;
  readonly rollout: Rollout | undefined;
}

const fixed: readonly string[] = ["off", "shadow", "live", "ramp-down", "complete"];
const names: ReadonlySet<unknown> = new Set([...fixed, "ramp"]);

/**
 * Reads the option `rollout`.
 *
 * @throws {SidelaneError} `invalid-definition`
 */
export function wishOf(option: WritesRollout, place: string, partitioned: boolean): Wish {
  const check = checkOptions(place, "invalid-definition");
  if (typeof option === "string") check.oneOf("rollout", option, fixed);
  if (option === "ramp-down") return { now: () => ({ stage: "ramp-down", share: 1 }), rollout: undefined };
  const refuseRamp = (): never =>
    check.fail(
      "partition",
      "given where the authority goes by partition (stage `ramp`)",
      undefined,
      "Say `partition: (op) => op.tenant`, such that no operation crosses two; without it `shadow` → `live` is one step",
    );
  if (typeof option === "object" && option !== null && "current" in option && !("bucket" in option)) {
    if (!("onChange" in option)) {
      check.function("rollout.current", option.current);
      const read = (): unknown => option.current();
      const first = readable(read());
      if (first === undefined)
        return check.fail("rollout.current()", "a stage, and in a ramp a share from 0 to 1", read());
      if (first.stage === "ramp" && !partitioned) refuseRamp();
      return { now: lastReadable(read, first), rollout: undefined };
    }
  }
  const rollout = rolloutOf(option, place);
  const first = rollout.current();
  if (first.stage === "ramp" && !partitioned) refuseRamp();
  if (!partitioned && rollout.refuses?.({ keyed: false, build: undefined }) !== undefined) refuseRamp();
  return {
    now: lastReadable(() => rollout.current(), first),
    rollout: typeof option === "object" ? rollout : undefined,
  };
}

/** What is said now; where that throws or says no stage, what it said last: no authority moves by a fault. */
function lastReadable(read: () => unknown, first: WishedStage): () => WishedStage {
  let last = first;
  return () => {
    try {
      last = readable(read()) ?? last;
    } catch {
      // A write that has committed must not reject by it.
    }
    return last;
  };
}

/** Only a ramp has a share of its own. */
function readable(said: unknown): WishedStage | undefined {
  if (typeof said !== "object" || said === null) return undefined;
  const { stage, share } = said as Partial<WishedStage>;
  if (stage === undefined || !names.has(stage)) return undefined;
  if (share !== undefined && share >= 0 && share <= 1) return { stage, share };
  if (stage === "ramp") return undefined;
  return { stage, share: stage === "off" || stage === "shadow" ? 0 : 1 };
}

/** The side that is to be the authority of a bucket: a share `s` is ⌈64 s⌉ buckets. */
export function wishedFor({ stage, share }: WishedStage, bucket: number): SideName {
  if (stage === "off" || stage === "shadow") return "control";
  return stage !== "ramp" || bucket < Math.ceil(share * bucketCount) ? "candidate" : "control";
}

/** Whether operations are kept for the other side while this one is the authority. */
export function keepsFollower({ stage }: WishedStage, authority: SideName): boolean {
  return authority === "control" ? stage !== "off" : stage !== "complete";
}
