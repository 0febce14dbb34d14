import type { Sample } from "../model/rollout.ts";

/** What a gate with a memory keeps about one body of evidence. */
export interface GateJudge {
  /** As of the gate. */
  penalty(sample: Sample): number | undefined;
  /** Told of so many calls at once that were not timed as a pair, the first of which ended at `since`. */
  untimed?(times: number, since: number): void;
  /** Why it could say nothing so far, and will not, as half a sentence. */
  silence?(): string | undefined;
  /** What its answer leaves out, as half a sentence. */
  note?(): string | undefined;
}
