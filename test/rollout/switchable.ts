import type { RolloutSnapshot } from "../../src/model/rollout.ts";
import type { RolloutSource } from "../../src/rollout/sources/source.ts";
import { snapshotOf } from "../../src/rollout/snapshot.ts";

/** A source that a test sets; it allows everything in the beginning. */
export function switchable(
  first: RolloutSnapshot = snapshotOf("live"),
): RolloutSource & { set(next: RolloutSnapshot): void } {
  let snapshot = first;
  const listeners = new Set<() => void>();
  return {
    current: () => snapshot,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    set(next) {
      snapshot = next;
      for (const listener of listeners) listener();
    },
  };
}
