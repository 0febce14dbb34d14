import type { RolloutStore } from "../../src/rollout/stores/store.ts";

/** How a store was asked. */
export interface Load {
  /** Calls by method. */
  readonly calls: Record<string, number>;
  /** Of exchanges: how many were weighed, and what their questions and answers were as JSON. */
  readonly weighed: { exchanges: number; bytes: number };
}

// Writing every one as JSON again would take more time than the store.
const oneIn = 20;

export function noLoad(): Load {
  return { calls: {}, weighed: { exchanges: 0, bytes: 0 } };
}

/** A store that counts what is asked of it. */
export function measured(store: RolloutStore, load: Load): RolloutStore {
  const count = (method: string): number => (load.calls[method] = (load.calls[method] ?? 0) + 1);
  return {
    ...store,
    async sync(reports) {
      const isWeighed = count("sync") % oneIn === 0;
      const answer = await store.sync(reports);
      if (isWeighed) {
        load.weighed.exchanges++;
        load.weighed.bytes += JSON.stringify(reports).length + JSON.stringify(answer).length;
      }
      return answer;
    },
    async compareAndSet(...given) {
      count("compareAndSet");
      return store.compareAndSet(...given);
    },
    async claim(...given) {
      count("claim");
      return store.claim(...given);
    },
    async collect(...given) {
      count("collect");
      return store.collect(...given);
    },
    async conclude(...given) {
      count("conclude");
      return store.conclude(...given);
    },
  };
}
