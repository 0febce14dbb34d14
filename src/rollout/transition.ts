import { SidelaneError } from "../model/errors.ts";
import { isSafer } from "./line.ts";
import {
  newId,
  nextOf,
  previousOf,
  servedStage,
  type RolloutChange,
  type RolloutState,
  type RolloutTerms,
} from "./state.ts";
import { isKnown, latchOf, met, mostVersions, withLatch, type KnownVersion } from "./versions.ts";

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
    | "new-version"
    | "forked";
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
  /** Of `new-version`: the steps of that version, and what it goes by. */
  readonly steps?: readonly number[];
  readonly terms?: RolloutTerms;
  /** Of `forked`: a state that the store had acknowledged and lost. */
  readonly lost?: RolloutState;
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

/**
 * The state after a request, which has an id of its own.
 *
 * @returns the same state object when the request is refused; {@link refusalOf} says why
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
    case "forked":
      return changed(state, request, "forked", saferOf(state, request.lost!));
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
function ofVersion(state: RolloutState, { version, keepsStage, steps, terms }: RolloutRequest): Changes {
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
    ...(steps !== undefined && { steps }),
    ...(terms !== undefined && { terms }),
  };
}

/** Of two states neither of which follows from the other: where the candidate does less, with every latch of either. */
function saferOf(state: RolloutState, lost: RolloutState): Changes {
  const { stage, share, mode, candidateVersion } = isSafer(lost, state) ? lost : state;
  let versions = state.versions ?? [];
  for (const { version, latch } of lost.versions ?? []) {
    versions = isKnown(versions, version) ? versions : [...versions, Object.freeze({ version })];
    if (latch !== undefined && latchOf(versions, version)?.off !== true) {
      versions = withLatch(versions, version, latch);
    }
  }
  return {
    stage,
    share,
    mode,
    ...(candidateVersion !== undefined && { candidateVersion }),
    ...(versions.length > 0 && { versions: Object.freeze(versions.slice(-mostVersions)) }),
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
    case "forked":
      return request.lost === undefined ? "Say which state was lost." : undefined;
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

type Changes = Partial<
  Pick<RolloutState, "stage" | "share" | "mode" | "compare" | "candidateVersion" | "versions" | "steps" | "terms">
>;

function changed(
  state: RolloutState,
  { at, by, reason, alarmed, pauses, lost }: RolloutRequest,
  kind: RolloutChange["kind"],
  to: Changes,
): RolloutState {
  // Above all that was ever acknowledged: evidence of a lost epoch is none of this one.
  const epoch = Math.max(state.epoch, lost?.epoch ?? 0) + 1;
  const id = newId();
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
    id,
    parent: state.id,
    ...(lost !== undefined && { lost: lost.id }),
  });
  return Object.freeze({
    ...state,
    ...more,
    id,
    parent: state.id,
    epoch,
    stage,
    share,
    mode,
    since: moved || kind === "new-version" ? at : state.since,
    changedAt: at,
    history: Object.freeze([...state.history.slice(1 - historyLength), change]),
  });
}

function isPerson(by: string): boolean {
  return by.trim() !== "" && by !== "ramp" && by !== "source";
}

/** The error of a request that could not be taken. @param why as a sentence */
export function refused({ kind }: RolloutRequest, why: string): SidelaneError {
  return new SidelaneError("invalid-state", `ramp: cannot ${kind.replace("-", " ")}. ${why}`);
}
