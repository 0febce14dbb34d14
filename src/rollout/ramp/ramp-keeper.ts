import type { Cancel } from "../../model/clock.ts";
import { SidelaneError } from "../../model/errors.ts";
import type { EvidenceTotals } from "../../stats/evidence-totals.ts";
import { isSafe, transition, type RolloutRequest, type RolloutState } from "../state.ts";
import type { ReportedTotals } from "../stores/store.ts";
import { RampStorage } from "./ramp-storage.ts";
import type { RampSettings } from "./ramp-options.ts";

/** What a ramp's state is kept for. */
export interface KeeperHost {
  /** The state is another one now. @param told whether what led to it is news to this process */
  changed(before: RolloutState, told: boolean): void;
  /** What this process reports of the present epoch. */
  totals(): Readonly<Record<string, EvidenceTotals>>;
  /** What other processes reported of it. */
  heard(others: readonly ReportedTotals[]): void;
  /** The version of this process's candidate. */
  version(): string | undefined;
  now(): number;
  onFault(error: unknown): void;
}

/** One ramp's state: changed here at once where that is safe, by agreement with the store where it is not. */
export class RampKeeper {
  state: RolloutState;
  /** Whether the state is the store's; without a store there is nothing to wait for. */
  known: boolean;
  readonly loaded: Promise<void>;
  /** A step is being taken. */
  promoting = false;
  /** A store that fails is not asked again with every look. */
  promoteFrom = 0;
  readonly #settings: RampSettings;
  readonly #host: KeeperHost;
  readonly #storage: RampStorage | undefined;
  #experiment: string | undefined;
  #tellLoaded: () => void = () => undefined;

  constructor(state: RolloutState, settings: RampSettings, host: KeeperHost) {
    this.state = state;
    this.#settings = settings;
    this.#host = host;
    this.#storage = settings.store && new RampStorage(settings.store, settings.process);
    this.known = this.#storage === undefined;
    this.loaded = new Promise((resolve) => (this.#tellLoaded = resolve));
    if (this.known) this.#tellLoaded();
  }

  get stored(): boolean {
    return this.#storage !== undefined;
  }

  /** Whether the state is the store's, and nothing waits to be written. */
  get synchronized(): boolean {
    return this.known && !this.#storage?.waiting;
  }

  /** Begins to follow the store. */
  open(experiment: string): Cancel | undefined {
    this.#experiment = experiment;
    if (!this.#storage) return undefined;
    const stop = this.#storage.watch(experiment, () => void this.synchronize());
    void this.synchronize();
    return stop;
  }

  /** Does what is asked for, or rejects with the reason why not; what the ramp itself asks for never rejects. */
  async apply(request: RolloutRequest): Promise<void> {
    const next = transition(this.state, request);
    if (next === this.state) return;
    const storage = this.#storage;
    if (!storage) {
      this.#adopt(next);
      return;
    }
    if (isSafe(request)) {
      // The candidate does less at once; the store hears of it as soon as it can.
      storage.remember(request);
      this.#adopt(next);
      return this.synchronize();
    }
    if (!this.known || this.#experiment === undefined) {
      if (request.by === "ramp") return;
      throw refused(request, "The store's state is not known yet");
    }
    this.promoting = true;
    try {
      const replaced = await storage.replace(this.#experiment, this.state.epoch, next);
      if (replaced && this.state.epoch < next.epoch) this.#adopt(next);
      if (replaced) return;
    } catch (error) {
      this.promoteFrom = this.#host.now() + this.#settings.checkEveryMs;
      this.#host.onFault(error);
      if (request.by === "ramp") return;
      throw refused(request, "The store failed", error);
    } finally {
      this.promoting = false;
    }
    await this.synchronize();
    if (request.by !== "ramp") throw refused(request, "Another process was first");
  }

  /** Agrees with the store: writes what waits, reads what others did, and adds up the evidence. */
  async synchronize(): Promise<void> {
    const storage = this.#storage;
    const experiment = this.#experiment;
    if (!storage || experiment === undefined) return;
    try {
      const stored = await storage.agree(experiment, this.state);
      if (!this.known || stored.epoch > this.state.epoch) {
        const told = this.known;
        this.known = true;
        // What happened before this process was there was told by those that were.
        this.#adopt({ ...stored, steps: this.#settings.steps }, told);
        this.#tellLoaded();
      }
      const { epoch } = this.state;
      const version = this.#host.version();
      const others = await storage.exchange(experiment, {
        process: this.#settings.process,
        epoch,
        ...(version !== undefined && { version }),
        at: this.#host.now(),
        candidates: this.#host.totals(),
      });
      if (epoch === this.state.epoch) this.#host.heard(others);
    } catch (error) {
      this.#host.onFault(error);
    }
  }

  #adopt(next: RolloutState, told = true): void {
    const before = this.state;
    this.state = next;
    this.#host.changed(before, told);
  }
}

function refused({ kind }: RolloutRequest, why: string, cause?: unknown): SidelaneError {
  return new SidelaneError(
    "invalid-state",
    `ramp: cannot ${kind.replace("-", " ")}. ${why}`,
    cause === undefined ? {} : { cause },
  );
}
