import { systemClock, type Cancel, type Clock } from "../../model/clock.ts";
import { oneAfterAnother } from "../../model/one-after-another.ts";
import { withinDeadline } from "../fleet/deadline.ts";
import { FleetExchange, type FleetMember } from "../fleet/exchange.ts";
import { outOfReach } from "../fleet/process-run.ts";
import { StoreTime } from "../fleet/store-time.ts";
import { evidenceOf, follows, later } from "../line.ts";
import type { HeardState, RolloutChange, RolloutState } from "../state.ts";
import type { Report, SyncedState } from "../stores/store.ts";
import { isSafe, refusalOf, refused, transition, type RolloutRequest } from "../transition.ts";
import { HeardAhead } from "./heard-ahead.ts";
import type { KeeperHost } from "./keeper-host.ts";
import type { RampSettings } from "./ramp-options.ts";
import { fork, UnwrittenChanges } from "./unwritten.ts";

// Others may be quicker again and again; what is left waits for the next exchange.
const attempts = 5;
const mostAttempted = 50;

/** One ramp's state. The store's always wins; what was done here and makes the candidate do less lies on top until it is written. */
export class RampKeeper implements FleetMember {
  /** What holds here. */
  state: RolloutState;
  /** Whether the state is the store's; without a store there is nothing to wait for. */
  known: boolean;
  readonly loaded: Promise<void>;
  /** A step is being taken. */
  promoting = false;
  /** A store that fails is not asked again with every look. */
  promoteFrom = 0;
  experiment = "";
  leaves = false;
  hasLeft = false;
  readonly everyMs: number;
  /** What was heard of the store's state before it was read. */
  readonly ahead: HeardAhead = new HeardAhead();
  readonly #settings: RampSettings;
  readonly #host: KeeperHost;
  #clock: Clock = systemClock;
  #time = new StoreTime(systemClock);
  #offsetMs = 0;
  #exchange: FleetExchange | undefined = undefined;
  /** The last state of the store's that is known. */
  #stored: RolloutState | undefined = undefined;
  /** What the store has and should not: nothing, or a state that does not follow from the last one known. */
  #found: RolloutState | null | undefined = undefined;
  readonly #unwritten = new UnwrittenChanges();
  // Written, perhaps: whether the store took it is not known.
  readonly #attempted = new Set<string>();
  readonly #inTurn = oneAfterAnother();
  #isSettling = false;
  #freshUntil = -Infinity;
  #tellLoaded: () => void = () => undefined;

  constructor(state: RolloutState, settings: RampSettings, host: KeeperHost) {
    this.state = state;
    this.everyMs = settings.checkEveryMs;
    this.#settings = settings;
    this.#host = host;
    this.known = settings.store === undefined;
    this.loaded = new Promise((resolve) => (this.#tellLoaded = resolve));
    if (this.known) this.#tellLoaded();
  }

  get isStored(): boolean {
    return this.#settings.store !== undefined;
  }

  /** Whether the state is the store's, nothing waits to be written, and the store was reached lately. */
  get synchronized(): boolean {
    const isHeard = this.ahead.isEmpty && this.#unwritten.isEmpty && this.#found === undefined;
    return this.known && isHeard && !this.isStale();
  }

  /** Whether the store was last reached too long ago to go by its state. */
  isStale(): boolean {
    return this.isStored && this.known && this.#clock.monotonic() > this.#freshUntil;
  }

  /** The store's time, as far as it is known: milliseconds since 1970. */
  now(): number {
    return this.#time.now();
  }

  /** Goes by a laboratory's clock from here on. */
  setClock(clock: Clock): void {
    this.#clock = clock;
    const { store } = this.#settings;
    this.#exchange = store && FleetExchange.of(store, clock);
    this.#time = this.#exchange?.time ?? new StoreTime(clock);
    this.#offsetMs = this.#time.offsetMs;
  }

  /** Begins to follow the store. */
  open(experiment: string): Cancel | undefined {
    this.experiment = experiment;
    // It has told the store that it is gone.
    if (this.hasLeft) this.#renew();
    this.leaves = this.hasLeft = false;
    return this.#exchange?.join(this);
  }

  /** Tells the store a last time. Never rejects. */
  async leave(): Promise<void> {
    this.leaves = true;
    await this.#exchange?.look([this], true);
    this.hasLeft = true;
    await this.settle(true);
  }

  /** Does what is asked for, or rejects with the reason why not; what the ramp itself asks for never rejects. */
  async apply(request: RolloutRequest): Promise<void> {
    const next = transition(this.state, request);
    if (next === this.state) return;
    if (!this.isStored) {
      this.#show(next, next.history.slice(-1));
      return;
    }
    if (isSafe(request)) {
      // The candidate does less at once; the store hears of it as soon as it can.
      this.#unwritten.add(request, this.state, next);
      this.#show(next, []);
      return this.settle(request.by !== "ramp");
    }
    if (!this.known) {
      if (request.by === "ramp") return;
      throw refused(request, "The store's state is not known yet");
    }
    this.promoting = true;
    try {
      await this.#inTurn(async () => this.#replace(request));
    } finally {
      this.promoting = false;
    }
  }

  /** Writes what waits to be written, as far as the store lets it. Never rejects. @param keepAlive where a person waits */
  async settle(keepAlive = false): Promise<void> {
    return this.#inTurn(async () => this.#settle(keepAlive));
  }

  report(): Report {
    const { experiment, state } = this;
    if (this.#settings.run.isGivenUp(this.#clock.monotonic())) this.#renew(outOfReach);
    return {
      experiment,
      process: this.#settings.run.id,
      epoch: state.epoch,
      evidenceEpoch: evidenceOf(state).epoch,
      at: this.now(),
      ...(this.#stored && { knows: this.#stored.id }),
      ...(this.leaves && { leaves: true }),
      ...this.#host.report(),
    };
  }

  hears(news: HeardState): boolean {
    const { known, state } = this;
    // What came late was dealt with.
    if (!known || news.id === state.id || state.history.some(({ id }) => id === news.id)) return false;
    return this.ahead.hear(this.#host.grants(news), this.#host.grants(state), this.#clock.monotonic());
  }

  heard(answer: SyncedState, sent: Report, startedAt: number): void {
    this.hasLeft ||= sent.leaves === true;
    this.#settings.run.arrived(startedAt);
    this.#freshUntil = startedAt + this.#settings.staleAfterMs;
    // What was read before this process wrote says nothing of what it wrote.
    if (sent.knows === this.#stored?.id) {
      this.#compare(answer.state);
      this.ahead.confirmed(startedAt);
    }
    // What is being settled asks by itself, and leaves the rest to the next exchange.
    if (!this.#isSettling) void this.settle(this.leaves);
    if (this.known && this.#found === undefined) this.#host.exchanged(answer, sent);
  }

  failed(error: unknown): void {
    this.#tellUnwritten();
    this.#host.onFault(error);
  }

  #compare(found: RolloutState | null | undefined): void {
    const stored = this.#stored;
    if (found === undefined || (found !== null && found.id === stored?.id)) this.#found = undefined;
    else if (found !== null && (stored === undefined || follows(found, stored))) {
      this.#take(
        found,
        found.history.filter(({ id = "" }) => this.#attempted.has(id)),
      );
    } else {
      this.#found = found;
      // Whichever of both is safer holds from here on.
      if (stored && found) this.#show(this.#unwritten.onTopOf(transition(stored, fork(found, this.now()))), []);
    }
  }

  async #settle(keepAlive: boolean): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const found = this.#found;
      const { first } = this.#unwritten;
      const stored = this.#stored;
      if (found === undefined && (first === undefined || stored === undefined)) return;
      const expected = found === undefined ? stored!.id : found?.id;
      // The first one of all: what was done before the store was reached was stamped by this machine's clock.
      let next = later(this.state, this.#time.offsetMs - this.#offsetMs);
      if (found === undefined) next = first!.next;
      else if (stored) next = transition(found ?? stored, fork(stored, this.now()));
      const outcome = await this.#write(expected, next, keepAlive);
      if (outcome === "failed") return;
      if (outcome === "replaced") {
        const isNews = found !== undefined || this.#unwritten.written(first!.request);
        this.#take(next, isNews ? next.history.slice(-1) : []);
        attempt = -1;
        continue;
      }
      const before = this.#stored;
      this.#isSettling = true;
      await this.#exchange!.look([this], keepAlive);
      this.#isSettling = false;
      if (this.#stored === before && this.#found === found) return;
    }
    this.#host.onFault(new Error(`The store's state changed ${attempts} times while it was being written`));
  }

  /** Takes a step that has to wait for the store. */
  async #replace(request: RolloutRequest): Promise<void> {
    await this.#settle(request.by !== "ramp");
    const stored = this.#stored;
    // On top of what is not written yet nothing is promoted.
    if (stored !== this.state) {
      if (request.by === "ramp") return;
      throw refused(request, "What was done here is not in the store yet");
    }
    const refusal = refusalOf(stored, request);
    if (refusal !== undefined) {
      if (request.by === "ramp") return;
      throw refused(request, refusal);
    }
    const next = transition(stored, request);
    const outcome = await this.#write(stored.id, next, request.by !== "ramp");
    if (outcome === "replaced") {
      this.#take(next, next.history.slice(-1));
      return;
    }
    const hasFailed = outcome === "failed";
    if (hasFailed) this.promoteFrom = this.now() + this.everyMs;
    else await this.#exchange!.look([this], request.by !== "ramp");
    if (request.by !== "ramp") throw refused(request, hasFailed ? "The store failed" : "Another process was first");
  }

  async #write(
    expected: string | undefined,
    next: RolloutState,
    keepAlive: boolean,
  ): Promise<"replaced" | "refused" | "failed"> {
    const { store } = this.#settings;
    this.#attempted.add(next.id);
    for (const oldest of this.#attempted) if (this.#attempted.size > mostAttempted) this.#attempted.delete(oldest);
    try {
      const replace = (): PromiseLike<boolean> => store!.compareAndSet(this.experiment, expected, next);
      const replaced = await withinDeadline(this.#clock, "a new state", replace, keepAlive);
      this.#attempted.delete(next.id);
      return replaced ? "replaced" : "refused";
    } catch (error) {
      this.failed(error);
      return "failed";
    }
  }

  /** Takes what the store has, with what is not written yet on top. */
  #take(stored: RolloutState, news: readonly RolloutChange[]): void {
    const isFirst = !this.known;
    this.#stored = stored;
    this.#found = undefined;
    this.known = true;
    this.#show(this.#unwritten.onTopOf(stored), news, isFirst);
    this.#tellLoaded();
  }

  /** Goes on as another process. */
  #renew(why?: string): void {
    this.#settings.run.renew(this.#clock.monotonic());
    this.#host.renewed(why);
  }

  /** While the store is not to be reached, people hear of what was done here from this process. */
  #tellUnwritten(): void {
    const news = this.#unwritten.tell();
    for (const { id = "" } of news) this.#attempted.delete(id);
    this.#show(this.state, news);
  }

  #show(next: RolloutState, news: readonly RolloutChange[], isFirst = false): void {
    const before = this.state;
    this.state = next;
    this.#host.changed(before, news, isFirst);
  }
}
