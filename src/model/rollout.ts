import type { Clock } from "./clock.ts";
import type { CandidateBasis } from "./evidence-data.ts";
import type { WritesRemark } from "./writes-remark.ts";
import type { WritesStanding } from "./writes-standing.ts";
import type { FellBack, Result, ResultKind, ServedStage } from "./result.ts";

/** The stages of a migration, in their order. `complete` is never reached automatically. */
export type Stage = ServedStage["stage"];

/** Which behavior answers one call, and whether the other one runs beside it to be compared. */
export interface Decision {
  readonly serve: "control" | "candidate";
  readonly compare: boolean;
}

/**
 * One immutable state of a rollout. Each call takes one at its start, and keeps to it.
 */
export interface RolloutSnapshot extends ServedStage {
  /** The share of calls that are compared, from 0 to 1, drawn call by call; `complete` compares none, whatever this says. */
  readonly compare: number;
}

/** What one candidate's comparison tells counts and verdicts. Flat, so that recording it allocates nothing. */
export interface Sample {
  readonly experiment: string;
  readonly candidate: string;
  readonly kind: ResultKind;
  /** How long control took, in milliseconds; `NaN` where that was not kept, or control did not run. */
  readonly controlMs: number;
  /** How long the candidate took, in milliseconds; `NaN` where that was not kept. */
  readonly candidateMs: number;
  readonly controlThrew: boolean;
  readonly candidateThrew: boolean;
  /** Why control answered a call that was the candidate's to answer; absent where it was not, or the candidate did. */
  readonly fellBack?: FellBack | undefined;
  /**
   * Why control's outcome says nothing here, where that is so: `unseen`, it returned what cannot be followed, such as a lazy
   * thenable, or not all was reported of a call of `comparison`; `pending`, it has not settled long after the candidate
   * failed; `late`, it settled when that had been told already; `absent`, the candidate ran without it; `timed-out`, that was
   * reported.
   */
  readonly aboutControl?: "unseen" | "pending" | "late" | "absent" | "timed-out" | undefined;
  /** Whether the candidate was to answer the call, also where control took its place in the end. */
  readonly served?: boolean;
  /**
   * Whether calls that the candidate is to answer are compared as often as others; absent: they are. Not where candidates wait
   * for a later turn: those that answer never do, so that no CPU budget keeps them back.
   */
  readonly alike?: boolean;
  /**
   * How long both sides took where this call was timed as a pair: in an order that was drawn, each without the other's synchronous
   * part. `synchronous` where it was to be timed and was not, since the candidate's synchronous part is too long for that.
   */
  readonly pair?: { readonly controlMs: number; readonly candidateMs: number } | "synchronous" | undefined;
  /** What the served share sticks to; the unit of evidence. Without one, every call is a unit. */
  readonly key: string | undefined;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
  /** The rollout's epoch when the call started; 0 without a rollout. */
  readonly epoch: number;
  /** The whole result, made on demand: only gates of your own ask for it. `undefined` where control did not run beside the candidate. */
  result(): Result | undefined;
}

/** What a rollout has to know of the definition that it goes with. */
export interface DefinedWith {
  /** Whether the definition has a `key`. */
  readonly keyed: boolean;
  /** The label `build` of the laboratory. */
  readonly build: string | undefined;
}

/** Decides for an experiment, call by call. */
export interface Rollout {
  /** The present state. Called once at the start of every call, so it must only read a field. */
  current(): RolloutSnapshot;
  /** The candidate's slot in the buckets of 2³², for a key: `murmur3(experiment:salt:key)`. */
  bucket(experiment: string, key: string): number;
  /**
   * What a served call does on a mismatch: `serve`, the default, returns the candidate's answer as soon as it is there;
   * `control` waits for both sides, and returns control's answer where they differ. Read once, at definition.
   */
  readonly onMismatch?: "serve" | "control";
  /**
   * How long a served call waits for the candidate once control has answered, in milliseconds; 1 000 by default. Then
   * control's answer goes out. Read once, at definition.
   */
  readonly graceMs?: number;
  /**
   * `by-call`: where an experiment has no `key`, every call is drawn anew in stage `ramp`. Without it, a call without a key is
   * control's there. Read once, at definition.
   */
  readonly unkeyed?: "by-call";
  /** Why it cannot go with a definition, as a sentence; asked at definition, before it is bound. */
  refuses?(definition: DefinedWith): string | undefined;
  /** The version of the candidate, where the rollout names it itself. */
  readonly version?: string;
  /** Whether it looks at pairs that are timed in random order; absent: it does. Read once, at definition. */
  readonly timesPairs?: boolean;
  /** Told once, when an experiment is defined with this rollout. */
  bind?(experiment: string, host: RolloutHost): void;
  /** Told of every comparison. Synchronous and cheap. */
  record?(sample: Sample): void;
  /** What its verdict rests on, for records; absent where it gathers no evidence. */
  basis?(): CandidateBasis;
  /** Called when its laboratory closes. */
  close?(): PromiseLike<void> | void;
}

/** What a rollout may ask of the laboratory that runs it. */
export interface RolloutHost {
  readonly clock: Clock;
  /** The label `build` of the laboratory: the version of a candidate whose rollout names none. */
  readonly build?: string | undefined;
  /** Takes what happened to the rollout, for publishers and listeners. */
  onEvent(event: RolloutEvent): void;
  /** Takes what foreign code did wrong, to be counted. */
  onFault(operation: "rollout" | "store" | "source" | "listener" | "gate", error: unknown): void;
  /** Present where records are written: evidence keeps its units by window, under this secret unless it has a shared one. */
  readonly units?: { readonly secret: string | undefined } | undefined;
  /** Calls of the experiment so far, skipped ones included. */
  calls(): number;
  /** Of parallel writes: how they stand, as far as this process has looked. */
  writes?(): WritesStanding | undefined;
}

/** What is told, and changes nothing. */
export type RolloutRemark =
  | "regressed"
  | "ready"
  | "stalled"
  | "no-traffic"
  | "not-sent"
  | "no-answer"
  | "no-comparison"
  | "same-target"
  | "separate-sessions"
  | WritesRemark;

/** Something that happened to a rollout, for listeners and publishers. */
export interface RolloutEvent {
  readonly kind:
    | RolloutRemark
    | "advanced"
    | "rolled-back"
    | "paused"
    | "resumed"
    | "completed"
    | "switched-off"
    | "compare-changed"
    | "new-version"
    /** The store had lost what it had acknowledged: of what it has and what was lost, the safer one holds. */
    | "forked";
  readonly experiment: string;
  /** The version of the candidate that runs from here on; absent where the rollout names none. */
  readonly version?: string;
  readonly from: ServedStage;
  readonly to: ServedStage;
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
  /** Who asked: a person's name, `ramp`, or `source`. */
  readonly by: string;
  readonly reason: string;
}
