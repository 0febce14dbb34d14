import { shownState } from "../shown-state.ts";
import type { RolloutState } from "../state.ts";
import { refusalOf, refused, type RolloutRequest } from "../transition.ts";
import { pausingAt } from "./step-terms.ts";
import type { RampKeeper } from "./ramp-keeper.ts";
import type { RampSettings } from "./ramp-options.ts";

/** Does what people ask of a ramp. */
export class RampCommands {
  readonly #settings: RampSettings;
  readonly #keeper: RampKeeper;

  constructor(settings: RampSettings, keeper: RampKeeper) {
    this.#settings = settings;
    this.#keeper = keeper;
  }

  /** Does what a person asks, or rejects with the reason why not. */
  async ask(request: Omit<RolloutRequest, "at">): Promise<RolloutState> {
    const keeper = this.#keeper;
    const pauses = pausingAt(this.#settings, keeper.state, request.kind);
    const dated: RolloutRequest = { ...request, at: keeper.now(), ...pauses };
    const refusal = refusalOf(keeper.state, dated);
    if (refusal !== undefined) throw refused(dated, refusal);
    await keeper.apply(dated);
    return shownState(keeper.state);
  }
}
