import { SidelaneError } from "../model/errors.ts";
import { stages } from "./snapshot.ts";
import type { HeardState, RolloutChange, RolloutState } from "./state.ts";
import type { KnownVersion } from "./versions.ts";

/**
 * Reads a state that a store returned.
 *
 * @throws {SidelaneError} `invalid-state` when it is no state of version 1 or 2
 */
export function readState(data: unknown, where = "stored rollout state"): RolloutState {
  const state = (typeof data === "object" && data !== null ? data : {}) as Partial<RolloutState>;
  const version: number | undefined = state.version;
  const wrong =
    version !== 1 && version !== 2 ? "version"
    : version === 2 && !isId(state.id) ? "id"
    : state.parent !== undefined && !isId(state.parent) ? "parent"
    : !Number.isSafeInteger(state.epoch) || state.epoch! < 1 ? "epoch"
    : !stages.includes(state.stage!) ? "stage"
    : !isShare(state.share) ? "share"
    : !["running", "paused", "rolled-back"].includes(state.mode!) ? "mode"
    : !Array.isArray(state.steps) || !state.steps.every(isShare) ? "steps"
    : !Number.isFinite(state.since) ? "since"
    : !Number.isFinite(state.changedAt) ? "changedAt"
    : state.compare !== undefined && !isShare(state.compare) ? "compare"
    : state.candidateVersion !== undefined && typeof state.candidateVersion !== "string" ? "candidateVersion"
    : state.unitSecret !== undefined && !/^[0-9a-f]{32}$/.test(state.unitSecret) ? "unitSecret"
    : state.versions !== undefined && !isVersions(state.versions) ? "versions"
    : !isHistory(state.history) ? "history"
    : undefined;
  if (wrong !== undefined) {
    throw new SidelaneError(
      "invalid-state",
      `${where}: expected a rollout state of version 2, but its \`${wrong}\` is not one. It is left as it is; mend or remove it by hand`,
    );
  }
  // One of an older release has no id: all processes that read it name it alike.
  const { id = `epoch-${state.epoch}` } = state;
  return Object.freeze({ ...(state as RolloutState), version: 2, id });
}

/** Reads what the news of a change says of a state; `undefined` where it says nothing, or nonsense. */
export function readHeard(data: unknown): HeardState | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { id, stage, share, compare, candidateVersion } = data as Partial<HeardState>;
  if (!isId(id) || !stages.includes(stage!) || !isShare(share)) return undefined;
  if (compare !== undefined && !isShare(compare)) return undefined;
  if (candidateVersion !== undefined && typeof candidateVersion !== "string") return undefined;
  return {
    ...{ id, stage: stage!, share },
    ...(compare !== undefined && { compare }),
    ...(candidateVersion !== undefined && { candidateVersion }),
  };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 64;
}

function isHistory(history: unknown): boolean {
  return (
    Array.isArray(history) &&
    history.every((each: Partial<RolloutChange> | null) => Number.isSafeInteger(each?.to?.epoch))
  );
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isVersions(versions: unknown): boolean {
  return Array.isArray(versions) && versions.every((each: Partial<KnownVersion>) => typeof each?.version === "string");
}
