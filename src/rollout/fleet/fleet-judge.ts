import type { Clock } from "../../model/clock.ts";
import type { Evidence, FleetVerdict, Retired, RolloutStore } from "../stores/store.ts";
import { withinDeadline } from "./deadline.ts";
import type { ProcessRun } from "./process-run.ts";

/** How long the lease lasts, in milliseconds; it is renewed with every look at the store. */
const leaseMs = 15_000;

/** What a judge found. */
export interface Conclusion {
  readonly verdict: FleetVerdict;
  readonly retired: Retired | undefined;
}

/** What a judge asks of its ramp. */
export interface JudgeHost {
  /** The epoch in which the evidence began that this process may judge; `undefined` where it may not. */
  judges(): number | undefined;
  /** Takes all evidence, and acts on it; what is to be written for the others, where that is due. */
  judge(evidence: Evidence): Conclusion | undefined;
  failed(error: unknown): void;
}

/** One process's part in judging an experiment: it judges while it holds the lease, and nobody else does then. */
export class FleetJudge {
  readonly #store: RolloutStore;
  readonly #clock: Clock;
  readonly #experiment: string;
  readonly #run: ProcessRun;
  readonly #host: JudgeHost;
  #fence: number | undefined = undefined;
  #until = -Infinity;
  #running: Promise<void> | undefined = undefined;

  constructor(store: RolloutStore, clock: Clock, experiment: string, run: ProcessRun, host: JudgeHost) {
    this.#store = store;
    this.#clock = clock;
    this.#experiment = experiment;
    this.#run = run;
    this.#host = host;
  }

  /** Whether this process holds the lease, judged from the start of its last renewal. */
  get isHolder(): boolean {
    return this.#fence !== undefined && this.#clock.monotonic() < this.#until;
  }

  /** Judges, if nobody else does. Never rejects. @param holder who holds the lease, as the store says */
  look(holder: string | undefined): Promise<void> {
    if (holder !== undefined && holder !== this.#run.id) {
      this.#fence = undefined;
      return Promise.resolve();
    }
    this.#running ??= this.#pass()
      .catch((error: unknown) => this.#host.failed(error))
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Lets the lease go, so that another process may judge at once. Never rejects. */
  async release(): Promise<void> {
    await this.#running;
    if (this.#fence === undefined) return;
    this.#fence = undefined;
    try {
      await withinDeadline(this.#clock, "a claim", () => this.#store.claim(this.#experiment, this.#run.id, 0));
    } catch (error) {
      this.#host.failed(error);
    }
  }

  async #pass(): Promise<void> {
    const epoch = this.#host.judges();
    if (epoch === undefined) {
      if (this.#fence === undefined) return;
      this.#fence = undefined;
      await withinDeadline(this.#clock, "a claim", () => this.#store.claim(this.#experiment, this.#run.id, 0));
      return;
    }
    const startedAt = this.#clock.monotonic();
    const claim = (): PromiseLike<number | undefined> => this.#store.claim(this.#experiment, this.#run.id, leaseMs);
    this.#fence = await withinDeadline(this.#clock, "a claim", claim);
    const fence = this.#fence;
    if (fence === undefined) return;
    this.#until = startedAt + leaseMs;
    const collect = (): PromiseLike<Evidence> => this.#store.collect(this.#experiment, epoch, fence);
    const evidence = await withinDeadline(this.#clock, "what all processes reported", collect);
    if (!this.isHolder || this.#host.judges() !== epoch) return;
    const conclusion = this.#host.judge(evidence);
    if (conclusion === undefined) return;
    const { verdict, retired } = conclusion;
    const conclude = (): PromiseLike<boolean> => this.#store.conclude(this.#experiment, fence, verdict, retired);
    const isPresent = await withinDeadline(this.#clock, "a verdict", conclude);
    if (!isPresent) this.#fence = undefined;
  }
}
