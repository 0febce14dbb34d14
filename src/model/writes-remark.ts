/**
 * Something that a person should know of:
 *
 * - `dead`: an operation failed for good; its keys are blocked until a person sees to it
 * - `follower-down`, `follower-up`: the following side cannot be reached, and can again
 * - `changes-down`, `changes-up`: the `changes` of control cannot be read, or one of them not be kept; and can again, after how many failures
 * - `lagging`: more is to be followed than `maxLag` allows; writes go on
 * - `following`, `not-following`: operations are kept for the other side from here on, or no longer
 * - `moved`: buckets have another authority; `held`: they cannot have, and why
 * - `found`: reconciling found records or figures that differ; `unreconciled`: it failed, and is tried again
 * - `invented`: nearly all records that were read back differ at the same places, since each side makes what is there; with a proposal
 * - `retried`, `repaired`, `skipped`: what a person did
 * - `worker`: a worker could not read the outbox, or a fence; it tries again, and says so once
 */
export type WritesEventKind =
  | "dead"
  | "follower-down"
  | "follower-up"
  | "changes-down"
  | "changes-up"
  | "lagging"
  | "moved"
  | "held"
  | "found"
  | "unreconciled"
  | "invented"
  | "following"
  | "not-following"
  | "retried"
  | "repaired"
  | "skipped"
  | "worker";

/** The same, as an event of the experiment that they are counted under. */
export type WritesRemark = `writes-${WritesEventKind}`;
