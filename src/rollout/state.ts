import type { ServedStage } from "../model/result.ts";
import type { RolloutEvent, RolloutRemark, Stage } from "../model/rollout.ts";
import { randomSecret } from "../stats/keyed-hash.ts";
import { met, type KnownVersion } from "./versions.ts";

/** One change of a rollout: what, when, who asked, and why. */
export interface RolloutChange {
  readonly kind: Exclude<RolloutEvent["kind"], RolloutRemark>;
  readonly from: ServedStage;
  readonly to: ServedStage;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
  readonly by: string;
  readonly reason: string;
  /** Of `compare-changed`: the share of calls that is compared from here on. */
  readonly compare?: number;
  /** Of `paused`: that a gate alarmed. Going on from there takes fresh evidence. */
  readonly alarmed?: true;
  /** Of `advanced`: that the step is one that pauses. */
  readonly pauses?: true;
  /** Names the state that it led to; absent where an older release made the change. */
  readonly id?: string;
  /** The state that it was made from. */
  readonly parent?: string;
  /** Of `forked`: the state that the store had lost. */
  readonly lost?: string;
}

/** What a rollout goes by, as the program says that made its state: for those who have the state and not the code. */
export interface RolloutTerms {
  /** The gates, each with the rate that it tolerates. */
  readonly gates: readonly { readonly name: string; readonly max: number }[];
  /** The fewest units that a step rests on. */
  readonly minimumUnits: number;
  /** The least time that a step lasts, in milliseconds. */
  readonly minimumTimeMs: number;
  /** The least time in `live` before it can be completed, in milliseconds. */
  readonly completeAfterMs: number;
  /** Of steps with terms of their own: their shares with these. */
  readonly steps: readonly { readonly share: number; readonly minimumTimeMs?: number; readonly pause?: boolean }[];
}

/** Where a ramp stands. Plain immutable data: what a store keeps. */
export interface RolloutState {
  readonly version: 2;
  /** Random: no two states have the same one. */
  readonly id: string;
  /** The state that it was made from; absent from the first one. */
  readonly parent?: string;
  /** Grows with every change, and never shrinks. Two states may have the same one, where a store lost what was written. */
  readonly epoch: number;
  readonly stage: Stage;
  /** The share of keys that the candidate answers, from 0 to 1. */
  readonly share: number;
  /** `paused` takes no step; `rolled-back` takes none until a person clears it. */
  readonly mode: "running" | "paused" | "rolled-back";
  /** The share of calls that a person had compared, from 0 to 1; absent: what each process's ramp says. */
  readonly compare?: number;
  /** The shares between shadow and live, rising; 0 is a first step of chosen keys. */
  readonly steps: readonly number[];
  /** What it goes by; absent from a state of an older release. */
  readonly terms?: RolloutTerms;
  /** When this stage and share were reached, wall time in milliseconds. */
  readonly since: number;
  /** When this epoch began, wall time in milliseconds. */
  readonly changedAt: number;
  /** The version of the candidate that stage and evidence belong to; absent where the ramp names none. */
  readonly candidateVersion?: string;
  /** The versions met so far, the newest last, at most 32; a version's latch outlives its being replaced. */
  readonly versions?: readonly KnownVersion[];
  /** Under which keys have their places in tables of units, 32 hexadecimal digits. Only a store gets to see it. */
  readonly unitSecret?: string;
  /** The latest changes, at most 50, oldest first. */
  readonly history: readonly RolloutChange[];
}

/** What of a state says how much the candidate does. */
export type GrantingState = Pick<RolloutState, "stage" | "share" | "compare" | "candidateVersion" | "versions">;

/** What the news of a change says of the state that it led to. */
export type HeardState = Omit<GrantingState, "versions"> & Pick<RolloutState, "id">;

/** The state that a rollout begins with, in epoch 1. */
export function initialState(
  steps: readonly number[],
  at: number,
  stage: "off" | "shadow" = "shadow",
  candidateVersion?: string,
): RolloutState {
  return Object.freeze({
    version: 2,
    id: newId(),
    epoch: 1,
    stage,
    share: 0,
    mode: "running",
    steps: Object.freeze([...steps]),
    since: at,
    changedAt: at,
    ...(candidateVersion !== undefined && { candidateVersion, versions: met([], candidateVersion) }),
    history: Object.freeze([]),
  });
}

/** A random name for a state. */
export function newId(): string {
  return randomSecret();
}

/** Where `advance` leads: never to `complete`. */
export function nextOf({ stage, share, steps }: RolloutState): { stage: Stage; share: number } | undefined {
  if (stage === "off") return { stage: "shadow", share: 0 };
  if (stage !== "shadow" && stage !== "ramp") return undefined;
  const step = stage === "shadow" ? steps[0] : steps.find((each) => each > share);
  return step === undefined ? { stage: "live", share: 1 } : { stage: "ramp", share: step };
}

/** Where `step-back` leads. */
export function previousOf({ stage, share, steps }: RolloutState): { stage: Stage; share: number } | undefined {
  if (stage === "complete") return { stage: "live", share: 1 };
  if (stage === "shadow") return { stage: "off", share: 0 };
  if (stage === "off") return undefined;
  const step = steps.findLast((each) => each < share);
  return step === undefined ? { stage: "shadow", share: 0 } : { stage: "ramp", share: step };
}

/** The part of a state that results carry. */
export function servedStage({ stage, share, epoch }: RolloutState): ServedStage {
  return Object.freeze({ stage, share, epoch });
}
