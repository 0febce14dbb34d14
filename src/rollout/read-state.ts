import { SidelaneError } from "../model/errors.ts";
import { isCount, isObject } from "../model/plain-data.ts";
import type { ServedStage } from "../model/result.ts";
import type { Stage } from "../model/rollout.ts";
import { stages } from "./snapshot.ts";
import type { HeardState, RolloutChange, RolloutState, RolloutTerms } from "./state.ts";
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
    : state.mode === "rolled-back" && state.stage !== "off" && state.stage !== "shadow" ? "mode"
    : !Array.isArray(state.steps) || !state.steps.every(isShare) ? "steps"
    : state.terms !== undefined && !isTerms(state.terms) ? "terms"
    : !isTime(state.since) ? "since"
    : !isTime(state.changedAt) ? "changedAt"
    : state.compare !== undefined && !isShare(state.compare) ? "compare"
    : state.candidateVersion !== undefined && typeof state.candidateVersion !== "string" ? "candidateVersion"
    : state.unitSecret !== undefined && !/^[0-9a-f]{32}$/.test(state.unitSecret) ? "unitSecret"
    : state.versions !== undefined && !isVersions(state.versions) ? "versions"
    : !Array.isArray(state.history) || !state.history.every(isChange) ? "history"
    : undefined;
  if (wrong !== undefined) {
    throw new SidelaneError(
      "invalid-state",
      `${where}: expected a rollout state of version 2, but its \`${wrong}\` is not one. It is left as it is; mend or remove it by hand`,
    );
  }
  // One of an older release has no id: all processes that read it name it alike.
  const { id = `epoch-${state.epoch}`, terms } = state;
  return Object.freeze({ ...(state as RolloutState), version: 2, id, ...(terms && { terms: unlimited(terms) }) });
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

/** A change of a kind that is known, or of one that a newer release makes. */
function isChange(given: unknown): given is RolloutChange {
  if (!isObject(given)) return false;
  const { kind, from, to, at, by, reason, compare } = given;
  if (![kind, by, reason].every((each) => typeof each === "string") || !isTime(at)) return false;
  const named = [given["id"], given["parent"], given["lost"]];
  if (!named.every((each) => each === undefined || isId(each))) return false;
  return isServed(from) && isServed(to) && (compare === undefined || isShare(compare));
}

function isServed(given: unknown): given is ServedStage {
  if (!isObject(given)) return false;
  const { stage, share, epoch } = given;
  return stages.includes(stage as Stage) && isShare(share) && Number.isSafeInteger(epoch);
}

function isTerms(given: unknown): boolean {
  if (!isObject(given)) return false;
  const { gates, minimumUnits, minimumTimeMs, completeAfterMs, steps } = given;
  if (![minimumUnits, minimumTimeMs, completeAfterMs].every(isLimit)) return false;
  if (!Array.isArray(gates) || !Array.isArray(steps)) return false;
  const areGates = gates.every(
    (each) => isObject(each) && typeof each["name"] === "string" && ["number", "object"].includes(typeof each["max"]),
  );
  return areGates && steps.every((each) => isObject(each) && isShare(each["share"]) && isStepTerm(each));
}

function isStepTerm({ minimumTimeMs, pause }: Readonly<Record<string, unknown>>): boolean {
  return (minimumTimeMs === undefined || isLimit(minimumTimeMs)) && ["boolean", "undefined"].includes(typeof pause);
}

/** A number from 0 on, or `null`, which is what JSON makes of `Infinity`. */
function isLimit(value: unknown): boolean {
  return value === null || isCount(value);
}

/** Terms with what JSON has no number for. */
function unlimited(terms: RolloutTerms): RolloutTerms {
  const infinite = <Part extends object>(part: Part): Part =>
    Object.fromEntries(Object.entries(part).map(([name, value]) => [name, value === null ? Infinity : value])) as Part;
  return { ...infinite(terms), gates: terms.gates.map(infinite), steps: terms.steps.map(infinite) };
}

/** Milliseconds since 1970 that are a date. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isVersions(versions: unknown): boolean {
  return Array.isArray(versions) && versions.every(isVersion);
}

function isVersion(given: unknown): given is KnownVersion {
  if (!isObject(given) || typeof given["version"] !== "string") return false;
  const { latch } = given;
  if (latch === undefined) return true;
  return (
    isObject(latch) && isTime(latch["at"]) && [latch["by"], latch["reason"]].every((each) => typeof each === "string")
  );
}
