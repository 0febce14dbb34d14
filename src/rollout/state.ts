import type { ServedStage } from "../model/result.ts";
import type { RolloutEvent, RolloutRemark, Stage } from "../model/rollout.ts";
import { isKnown, latchOf, met, withLatch, type KnownVersion } from "./versions.ts";

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
}

/** Where a ramp stands. Plain immutable data: what a store keeps. */
export interface RolloutState {
  readonly version: 1;
  /** Grows by one with every change, and never shrinks. */
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

/** What a person, the ramp or another process asks of a state. */
export interface RolloutRequest {
  readonly kind:
    | "advance"
    | "step-back"
    | "rollback"
    | "off"
    | "pause"
    | "resume"
    | "clear"
    | "complete"
    | "compare"
    | "new-version";
  readonly at: number;
  /** A person's name, or `ramp`. */
  readonly by: string;
  readonly reason: string;
  /** Refused in any other epoch: evidence of one epoch is none in the next. */
  readonly epoch?: number;
  /** Of `new-version`: which one it is. Of anything else: refused where another version runs. */
  readonly version?: string;
  /** Of `new-version`: whether the stage stays; without it, the new version begins in shadow. */
  readonly keepsStage?: boolean;
  /** Of `new-version`: that a version known already comes back, since no newer one is heard of. */
  readonly returns?: boolean;
  /** Of `compare`: the share of calls to be compared, from 0 to 1. */
  readonly share?: number;
  /** Of `pause`: that a gate alarmed. */
  readonly alarmed?: boolean;
  /** Of `advance`: whether the rollout is paused where it leads. */
  readonly pauses?: boolean;
  /** `complete` is refused until `live` has lasted as long, in milliseconds. */
  readonly afterMs?: number;
}

const historyLength = 50;

/** The state that a rollout begins with, in epoch 1. */
export function initialState(
  steps: readonly number[],
  at: number,
  stage: "off" | "shadow" = "shadow",
  candidateVersion?: string,
): RolloutState {
  return freeze({
    version: 1,
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

/**
 * The state after a request. Pure.
 *
 * @returns the very same state when the request is refused; {@link refusalOf} says why
 */
export function transition(state: RolloutState, request: RolloutRequest): RolloutState {
  if (refusalOf(state, request) !== undefined) return state;
  switch (request.kind) {
    case "advance":
      return changed(state, request, "advanced", {
        ...nextOf(state)!,
        ...(request.pauses === true && { mode: "paused" }),
      });
    case "step-back":
      return changed(state, request, "rolled-back", previousOf(state)!);
    case "rollback":
      return changed(state, request, "rolled-back", {
        stage: state.stage === "off" ? "off" : "shadow",
        share: 0,
        mode: "rolled-back",
        ...latched(state, { at: request.at, by: request.by, reason: request.reason }),
      });
    case "off":
      return changed(state, request, "switched-off", {
        stage: "off",
        share: 0,
        mode: "rolled-back",
        ...latched(state, { at: request.at, by: request.by, reason: request.reason, off: true }),
      });
    case "compare":
      return changed(state, request, "compare-changed", { compare: request.share! });
    case "pause":
      return changed(state, request, "paused", { mode: "paused" });
    case "resume":
      return changed(state, request, "resumed", { mode: "running" });
    case "clear":
      return changed(state, request, "resumed", { mode: "running", ...latched(state, undefined) });
    case "complete":
      return changed(state, request, "completed", { stage: "complete", share: 1 });
    case "new-version":
      return changed(state, request, "new-version", ofVersion(state, request));
  }
}

/** What a latch set or taken away leaves of the versions. */
function latched(
  { candidateVersion, versions = [] }: RolloutState,
  latch: KnownVersion["latch"],
): Pick<RolloutState, "versions"> {
  return candidateVersion === undefined ? {} : { versions: withLatch(versions, candidateVersion, latch) };
}

/** Where a version begins: in shadow, unless the stage is kept; latched, where it was rolled back or switched off before. */
function ofVersion(state: RolloutState, { version, keepsStage }: RolloutRequest): Changes {
  const versions = state.versions ?? [];
  const latch = latchOf(versions, version);
  const isBack = latch !== undefined;
  // What is complete has been decided by a person, and control may be gone.
  const stays = state.stage === "complete" || state.stage === "off" || (keepsStage === true && !isBack);
  return {
    ...(stays ? {} : { stage: latch?.off ? "off" : "shadow", share: 0 }),
    mode:
      isBack && state.stage !== "complete" ? "rolled-back"
      : state.mode === "rolled-back" ? "running"
      : state.mode,
    ...(version !== undefined && { candidateVersion: version, versions: met(versions, version) }),
  };
}

/** Why a state refuses a request, as a sentence; `undefined` when it does not. */
export function refusalOf(state: RolloutState, request: RolloutRequest): string | undefined {
  if (request.epoch !== undefined && request.epoch !== state.epoch) {
    return `The evidence is of epoch ${request.epoch}, and this is epoch ${state.epoch}.`;
  }
  const { kind, version } = request;
  if (kind !== "new-version" && version !== undefined && version !== state.candidateVersion) {
    return `The evidence is of version ${version}, and another one runs.`;
  }
  const latched = state.mode === "rolled-back";
  switch (kind) {
    case "new-version":
      if (version === undefined) return state.candidateVersion === undefined ? undefined : "Say which version it is.";
      if (version === state.candidateVersion) return "It runs already.";
      return request.returns !== true && isKnown(state.versions ?? [], version) ?
          "A newer version has been met since."
        : undefined;
    case "rollback":
      return latched ? "It is rolled back already." : undefined;
    case "off":
      if (!isPerson(request.by)) return "Only a person switches a rollout off: say who.";
      return latched && state.stage === "off" ? "It is off already." : undefined;
    case "compare":
      if (!isPerson(request.by)) return "Only a person says how much is compared: say who.";
      return request.share === state.compare ? "So much is compared already." : undefined;
    case "step-back":
      if (latched) return "It is rolled back; `clear` it first.";
      return state.stage === "off" ? "There is no stage below `off`." : undefined;
    case "pause":
      if (latched) return "It is rolled back, and takes no step.";
      return state.mode === "paused" ? "It is paused already." : undefined;
    case "resume":
      if (latched) return "It is rolled back; `clear` it first.";
      return state.mode === "paused" ? undefined : "It is not paused.";
    case "clear":
      if (!isPerson(request.by)) return "Only a person clears a rollback: say who.";
      return latched ? undefined : "It is not rolled back.";
    case "advance":
      if (state.mode !== "running") return `It is ${state.mode}; \`${latched ? "clear" : "resume"}\` it first.`;
      if (state.stage === "live") return "After `live` comes `complete`, which has a call of its own.";
      return nextOf(state) ? undefined : "There is no stage after `complete`.";
    case "complete": {
      if (!isPerson(request.by)) return "Only a person completes a rollout: say who.";
      if (state.mode !== "running") return `It is ${state.mode}; \`${latched ? "clear" : "resume"}\` it first.`;
      if (state.stage !== "live") return `Only \`live\` can be completed, and this is \`${state.stage}\`.`;
      const missingMs = (request.afterMs ?? 0) - (request.at - state.since);
      return missingMs > 0 ? `It has to be live for ${Math.ceil(missingMs / 1000)} s more.` : undefined;
    }
  }
}

/** Whether a request lets the candidate do less, or no more: such a request waits for nothing. */
export function isSafe({ kind }: RolloutRequest): boolean {
  return kind === "rollback" || kind === "off" || kind === "step-back" || kind === "pause";
}

/** Where `advance` leads: never to `complete`. */
export function nextOf({ stage, share, steps }: RolloutState): { stage: Stage; share: number } | undefined {
  if (stage === "off") return { stage: "shadow", share: 0 };
  if (stage !== "shadow" && stage !== "ramp") return undefined;
  const step = stage === "shadow" ? steps[0] : steps.find((each) => each > share);
  return step === undefined ? { stage: "live", share: 1 } : { stage: "ramp", share: step };
}

function previousOf({ stage, share, steps }: RolloutState): { stage: Stage; share: number } | undefined {
  if (stage === "complete") return { stage: "live", share: 1 };
  if (stage === "shadow") return { stage: "off", share: 0 };
  if (stage === "off") return undefined;
  const step = steps.findLast((each) => each < share);
  return step === undefined ? { stage: "shadow", share: 0 } : { stage: "ramp", share: step };
}

type Changes = Partial<Pick<RolloutState, "stage" | "share" | "mode" | "compare" | "candidateVersion" | "versions">>;

function changed(
  state: RolloutState,
  { at, by, reason, alarmed, pauses }: RolloutRequest,
  kind: RolloutChange["kind"],
  to: Changes,
): RolloutState {
  const epoch = state.epoch + 1;
  const { stage = state.stage, share = state.share, mode = state.mode, ...more } = to;
  const moved = stage !== state.stage || share !== state.share;
  const change: RolloutChange = Object.freeze({
    kind,
    from: servedStage(state),
    to: Object.freeze({ stage, share, epoch }),
    at,
    by,
    reason,
    ...(more.compare !== undefined && { compare: more.compare }),
    ...(alarmed === true && { alarmed }),
    ...(pauses === true && { pauses }),
  });
  return freeze({
    ...state,
    ...more,
    epoch,
    stage,
    share,
    mode,
    since: moved || kind === "new-version" ? at : state.since,
    changedAt: at,
    history: Object.freeze([...state.history.slice(1 - historyLength), change]),
  });
}

/** The part of a state that results carry. */
export function servedStage({ stage, share, epoch }: RolloutState): ServedStage {
  return Object.freeze({ stage, share, epoch });
}

function isPerson(by: string): boolean {
  return by.trim() !== "" && by !== "ramp" && by !== "source";
}

function freeze(state: RolloutState): RolloutState {
  return Object.freeze(state);
}
