import { SidelaneError } from "../../model/errors.ts";
import type { RampSettings } from "./ramp-options.ts";
import { initialState, type RolloutState, type RolloutTerms } from "../state.ts";
import type { RolloutRequest } from "../transition.ts";
import { isKnown } from "../versions.ts";

const returnsAfterMs = 10 * 60_000;

/** What a state says of the ramp that made it, for those who have the state and not the code. */
export function termsOf(settings: RampSettings): RolloutTerms {
  const { gates, minimumUnits, minimumTimeMs, completeAfterMs, stepTerms } = settings;
  return {
    gates: gates.map(({ name, max }) => ({ name, max })),
    ...{ minimumUnits, minimumTimeMs, completeAfterMs },
    steps: [...stepTerms].filter(([, of]) => Object.keys(of).length > 0).map(([share, of]) => ({ share, ...of })),
  };
}

/** The state that a ramp begins with. @param secret under which keys have their places in tables of units */
export function firstStateOf(
  settings: RampSettings,
  now: number,
  version: string | undefined,
  secret: string,
): RolloutState {
  const state = initialState(settings.steps, now, settings.start, version);
  return Object.freeze({ ...state, terms: termsOf(settings), unitSecret: secret });
}

/** Why a state is not that of this ramp, as a sentence: two programs may have one experiment's name. */
export function strangeIn(
  state: RolloutState,
  { steps }: RampSettings,
  version: string | undefined,
): string | undefined {
  if (state.candidateVersion !== version || state.steps.join() === steps.join()) return undefined;
  return `Version ${version} is kept with the steps ${state.steps.join(", ")}, and this ramp has ${steps.join(", ")}: another program may have an experiment of this name. Control answers here. Name one of them differently, or raise \`version\``;
}

/** Moves a ramp between versions of its candidate. */
export class RampVersions {
  readonly #settings: RampSettings;
  // Since when this process has run another version than the present one, by its monotonic clock.
  #since = NaN;
  #present: string | undefined;

  constructor(settings: RampSettings) {
    this.#settings = settings;
  }

  /**
   * What a process whose version is not the present one asks for, if anything.
   *
   * @param heardAt when a process of the present version last reported, by the store's clock, as `now`
   * @param monotonic milliseconds
   */
  requestOf(
    state: RolloutState,
    version: string | undefined,
    heardAt: number | undefined,
    now: number,
    monotonic: number,
  ): Omit<RolloutRequest, "by"> | undefined {
    const { candidateVersion, versions = [] } = state;
    if (candidateVersion === version) {
      this.#since = NaN;
      return undefined;
    }
    if (version === undefined || !isKnown(versions, version)) {
      return this.newVersion(version, now, `Version ${version} was met for the first time.`);
    }
    if (Number.isNaN(this.#since) || this.#present !== candidateVersion) {
      this.#since = monotonic;
      this.#present = candidateVersion;
    }
    const silentMs = Math.min(monotonic - this.#since, now - (heardAt ?? -Infinity));
    if (silentMs < returnsAfterMs) return undefined;
    return this.newVersion(version, now, `Version ${candidateVersion} has not been heard of for 10 min.`, true);
  }

  newVersion(version: string | undefined, at: number, reason: string, returns = false): Omit<RolloutRequest, "by"> {
    const { steps, onNewVersion } = this.#settings;
    return {
      ...{ kind: "new-version", at, reason, returns, steps, terms: termsOf(this.#settings) },
      keepsStage: onNewVersion === "keep",
      ...(version !== undefined && { version }),
    };
  }
}

/** @throws {SidelaneError} `invalid-definition` where a ramp belongs to another experiment */
export function refuseOther(experiment: string, other: string | undefined): void {
  if (other === undefined || other === experiment) return;
  throw new SidelaneError(
    "invalid-definition",
    `experiment(${JSON.stringify(experiment)}): expected a \`rollout\` of its own, got the ramp of ${JSON.stringify(other)}. Make one ramp for each experiment`,
  );
}
