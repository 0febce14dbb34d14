import type { Clock } from "../../src/model/clock.ts";
import type { RolloutEvent } from "../../src/model/rollout.ts";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import { ramp, type Ramp } from "../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../src/rollout/ramp/ramp-options.ts";
import type { RolloutStore } from "../../src/rollout/stores/store.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

/** What persons do with a rollout in a simulation. */
export type Deed = "advance" | "rollback" | "clear";

/** How a candidate fares: wrong as often as `rate` says in the first `processes`, and in one call of 10 000 in the others. */
export interface Quality {
  readonly rate: number;
  readonly processes: number;
}

export interface FleetOptions {
  readonly clock: Clock;
  readonly processes: number;
  /** The number of the first process, where others are elsewhere. */
  readonly first?: number;
  /** How many keys there are. */
  readonly keys: number;
  readonly experiments: readonly string[];
  readonly ramp: (experiment: string) => RampOptions;
  readonly storeOf: (process: number) => RolloutStore;
  readonly seed: number;
  /** Told once by the process that wrote a change. */
  readonly told: (event: RolloutEvent) => void;
}

/** How often a candidate that is right is wrong all the same: a tenth of what is tolerated. */
const usually = 0.0001;

/** Processes with the same experiments, whose calls are made by hand. */
export class Fleet {
  readonly #laboratories: readonly Laboratory[];
  readonly #members = new Map<string, readonly { readonly rolling: Ramp; readonly call: (key: string) => number }[]>();
  readonly #quality = new Map<string, Quality>();
  readonly #random: () => number;
  readonly #options: FleetOptions;
  #isBad = false;
  /** What went wrong with the store or a gate, by its message. */
  readonly faults: Map<string, number> = new Map();

  constructor(options: FleetOptions) {
    this.#options = options;
    const { processes, first = 0, experiments, clock } = options;
    this.#random = seededRandom(options.seed);
    const random = this.#random;
    this.#laboratories = Array.from(
      { length: processes },
      () => new Laboratory({ clock, random, publishers: [], onFault: ({ error }) => this.#fault(error) }),
    );
    const stores = this.#laboratories.map((_, index) => options.storeOf(first + index));
    for (const experiment of experiments) {
      const members = this.#laboratories.map((laboratory, index) => {
        const rolling = ramp({ version: "v1", ...options.ramp(experiment), store: stores[index]! });
        rolling.on(options.told);
        const call = laboratory.experiment(experiment, {
          control: (key: string) => key.length,
          candidate: (key) => (this.#isBad ? -1 : key.length),
          key: (key) => key,
          rollout: rolling,
        });
        return { rolling, call };
      });
      this.#members.set(experiment, members);
    }
  }

  /** Resolves when every process knows its store's states. */
  async loaded(): Promise<void> {
    await Promise.all([...this.#members.values()].flat().map(({ rolling }) => rolling.loaded));
  }

  /** From here on the candidate fares like this. */
  set(experiment: string, quality: Quality): void {
    this.#quality.set(experiment, quality);
  }

  /** So many calls of each experiment, each in a process and of a key that are drawn. */
  call(times: number): void {
    const { first = 0, keys } = this.#options;
    const random = this.#random;
    for (const [experiment, members] of this.#members) {
      const { rate, processes } = this.#quality.get(experiment) ?? { rate: usually, processes: 0 };
      for (let index = 0; index < times; index++) {
        const process = Math.floor(random() * members.length);
        this.#isBad = random() < (first + process < processes ? rate : usually);
        members[process]!.call(`customer-${Math.floor(random() * keys)}`);
      }
    }
  }

  /** How many processes have the candidate answer. */
  serving(experiment: string): number {
    return this.#members.get(experiment)!.filter(({ rolling }) => rolling.current().share > 0).length;
  }

  /** What a person does, in the first process. */
  async ask(experiment: string, deed: Deed): Promise<void> {
    const { rolling } = this.#members.get(experiment)![0]!;
    await rolling[deed]({ by: "operator", reason: "simulated" });
  }

  async close(): Promise<void> {
    await Promise.all(this.#laboratories.map(async (laboratory) => laboratory.close({ timeoutMs: 5_000 })));
  }

  #fault(error: unknown): void {
    const text = String(error);
    this.faults.set(text, (this.faults.get(text) ?? 0) + 1);
  }
}
