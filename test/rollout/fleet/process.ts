import type { RolloutEvent } from "../../../src/model/rollout.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import type { RolloutStore } from "../../../src/rollout/stores/store.ts";
import { gates } from "../../../src/stats/gates.ts";
import type { FixedClock } from "../../../src/testing/fixed-clock.ts";
import { call, testHost, type TestHost } from "../host.ts";

/** One process of a fleet: a ramp of an experiment, "price" by default, and its laboratory's part. */
export interface Process {
  readonly ramp: Ramp;
  readonly host: TestHost;
  /** The share of 200 keys that the candidate answers. */
  served(): number;
  readonly kinds: readonly RolloutEvent["kind"][];
  readonly faults: readonly string[];
}

/** Starts one, and waits until its store's state is known. */
export async function started(store: RolloutStore, clock: FixedClock, options: RampOptions = {}): Promise<Process> {
  const process = unloaded(store, clock, options);
  await process.ramp.loaded;
  await clock.advanceAsync(0);
  return process;
}

export function unloaded(
  store: RolloutStore,
  clock: FixedClock,
  options: RampOptions = {},
  experiment: string = "price",
): Process {
  const made = ramp({ gates: [gates.mismatches(0.01)], steps: [0.25, 0.5], version: "v1", store, ...options });
  const host = testHost(clock);
  made.bind!(experiment, host);
  return {
    ramp: made,
    host,
    served: () => {
      const keys = Array.from({ length: 200 }, (_, key) => `probe-${key}`);
      return keys.filter((key) => call(made, host, { key }) === "candidate").length / keys.length;
    },
    get kinds() {
      return host.events.map(({ kind }) => kind);
    },
    get faults() {
      return host.faults.map(({ error }) => String(error));
    },
  };
}

/** One process's way to a store, which can be cut, or never answer. It does not watch. */
export function wayTo(store: RolloutStore): { readonly store: RolloutStore; state: "open" | "cut" | "silent" } {
  const way = { state: "open" as "open" | "cut" | "silent", store };
  const through = async <Value>(ask: () => PromiseLike<Value>): Promise<Value> => {
    if (way.state === "cut") throw new Error("no way to the store");
    if (way.state === "silent") return new Promise(() => undefined);
    return ask();
  };
  way.store = {
    forget: (...given) => store.forget(...given),
    sync: (...given) => through(() => store.sync(...given)),
    compareAndSet: (...given) => through(() => store.compareAndSet(...given)),
    claim: (...given) => through(() => store.claim(...given)),
    collect: (...given) => through(() => store.collect(...given)),
    conclude: (...given) => through(() => store.conclude(...given)),
  };
  return way;
}
