import type { RolloutSnapshot } from "../../model/rollout.ts";
import type { GrantingState, RolloutChange, RolloutState } from "../state.ts";
import type { Report, SyncedState } from "../stores/store.ts";

/** What a ramp's state is kept for. */
export interface KeeperHost {
  /**
   * The state is another one now.
   *
   * @param news what this process is to tell of: of each change, the one that wrote it does
   * @param isFirst whether it is the first one that is known of the store's
   */
  changed(before: RolloutState, news: readonly RolloutChange[], isFirst: boolean): void;
  /** What this process reports beside what it knows of the state. */
  report(): Pick<Report, "version" | "candidates" | "units" | "knowsVerdict" | "writes">;
  /** An exchange with the store has succeeded in all parts. */
  exchanged(answer: SyncedState, sent: Report): void;
  /** How much of the candidate a state allows here. */
  grants(state: GrantingState): RolloutSnapshot;
  /** What is reported from here on is another process's. @param why something that was seen is left out, as a sentence */
  renewed(why?: string): void;
  onFault(error: unknown): void;
}
