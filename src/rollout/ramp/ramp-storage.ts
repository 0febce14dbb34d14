import { oneAfterAnother } from "../../model/one-after-another.ts";
import type { Cancel } from "../../model/clock.ts";
import { transition, type RolloutRequest, type RolloutState } from "../state.ts";
import type { ReportedTotals, RolloutStore } from "../stores/store.ts";

// Others may be quicker again and again; what is left waits for the next check.
const attempts = 5;

/** One ramp's dealings with its store: one at a time, and nothing that makes the candidate do less is forgotten. */
export class RampStorage {
  readonly #store: RolloutStore;
  readonly #process: string;
  #unwritten: readonly RolloutRequest[] = [];
  readonly #inTurn = oneAfterAnother();

  constructor(store: RolloutStore, process: string) {
    this.#store = store;
    this.#process = process;
  }

  /** Whether something done here has not reached the store. */
  get waiting(): boolean {
    return this.#unwritten.length > 0;
  }

  /** Keeps what was done here at once, until the store has it. */
  remember(request: RolloutRequest): void {
    this.#unwritten = [...this.#unwritten, request];
  }

  /** Replaces the state, unless another process was first. */
  async replace(experiment: string, expectedEpoch: number, next: RolloutState): Promise<boolean> {
    return this.#inTurn(() => this.#store.compareAndSet(experiment, expectedEpoch, next));
  }

  /**
   * The store's state, with everything written that waited; when the store has none, it is given this one.
   */
  async agree(experiment: string, here: RolloutState): Promise<RolloutState> {
    return this.#inTurn(async () => {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const stored = await this.#store.load(experiment);
        const writing = this.#unwritten;
        // Done again upon whatever others did meanwhile: a rollback outlives a step that was taken beside it.
        const next = writing.reduce(transition, stored ?? here);
        if (next === stored || (await this.#store.compareAndSet(experiment, stored?.epoch, next))) {
          this.#unwritten = this.#unwritten.slice(writing.length);
          return next;
        }
      }
      throw new Error(`The store's state changed ${attempts} times while it was being written`);
    });
  }

  /** Reports this process's totals, and returns the other processes'. */
  async exchange(experiment: string, own: ReportedTotals): Promise<readonly ReportedTotals[]> {
    return this.#inTurn(async () => {
      await this.#store.report(experiment, own);
      const all = await this.#store.totals(experiment, own.epoch);
      return all.filter((each) => each.process !== own.process && each.epoch === own.epoch);
    });
  }

  watch(experiment: string, onChange: () => void): Cancel | undefined {
    return this.#store.watch?.(experiment, onChange);
  }
}
