import type { Cancel, Clock } from "../../model/clock.ts";
import { oneAfterAnother } from "../../model/one-after-another.ts";
import { readHeard } from "../read-state.ts";
import type { HeardState } from "../state.ts";
import type { Report, RolloutStore, Sync, SyncedState } from "../stores/store.ts";
import { withinDeadline } from "./deadline.ts";
import { StoreTime } from "./store-time.ts";

/** One experiment of this process, which takes part in the exchange with its store. */
export interface FleetMember {
  readonly experiment: string;
  /** How often the store is asked, in milliseconds, give or take a fifth. */
  readonly everyMs: number;
  report(): Report;
  /** Whether the process leaves, and whether the store has been told of it. */
  readonly leaves: boolean;
  readonly hasLeft: boolean;
  /** @param startedAt when the exchange began, monotonic milliseconds */
  heard(answer: SyncedState, sent: Report, startedAt: number): void;
  /** The exchange failed, or the store could not be watched. */
  failed(error: unknown): void;
  /** Takes from the news of a change what makes the candidate do less. @returns whether that was anything */
  hears(news: HeardState): boolean;
  /** What it took so, and no exchange has said yet. */
  readonly ahead: { readonly isEmpty: boolean };
}

// What was heard of holds already: so long, in milliseconds, processes may take to ask their store, so that not all do at one moment.
const confirmWithinMs = 1_000;

/** The next exchange, which has not begun. */
interface Waiting {
  readonly members: Set<FleetMember>;
  readonly done: Promise<void>;
  keepsAlive: boolean;
}

const exchanges = new WeakMap<RolloutStore, WeakMap<Clock, FleetExchange>>();

/** The exchange of all experiments that have one store and one clock: one round trip for all of them. */
export class FleetExchange {
  readonly time: StoreTime;
  readonly store: RolloutStore;
  readonly #clock: Clock;
  readonly #members = new Set<FleetMember>();
  #poll: Cancel | undefined = undefined;
  #stopWatching: Cancel | undefined = undefined;
  #confirm: Cancel | undefined = undefined;
  // Who is to be exchanged for next, once the present exchange has ended.
  #waiting: Waiting | undefined = undefined;
  readonly #inTurn = oneAfterAnother();

  constructor(store: RolloutStore, clock: Clock) {
    this.store = store;
    this.#clock = clock;
    this.time = new StoreTime(clock);
  }

  static of(store: RolloutStore, clock: Clock): FleetExchange {
    const byClock = exchanges.get(store) ?? new WeakMap<Clock, FleetExchange>();
    exchanges.set(store, byClock);
    const exchange = byClock.get(clock) ?? new FleetExchange(store, clock);
    byClock.set(clock, exchange);
    return exchange;
  }

  /** Begins to exchange for a member, at once and then again and again. */
  join(member: FleetMember): Cancel {
    this.#members.add(member);
    this.#watch();
    void this.look([member]);
    if (this.#poll === undefined) this.#arm();
    return () => {
      this.#members.delete(member);
      if (this.#members.size > 0) return;
      for (const stop of [this.#poll, this.#stopWatching, this.#confirm]) stop?.();
      this.#poll = this.#stopWatching = this.#confirm = undefined;
    };
  }

  /** Exchanges for some members, after whatever exchange is under way. Never rejects. @param keepAlive where a caller waits */
  look(members: Iterable<FleetMember>, keepAlive = false): Promise<void> {
    const waiting = (this.#waiting ??= this.#next());
    for (const member of members) waiting.members.add(member);
    waiting.keepsAlive ||= keepAlive;
    return waiting.done;
  }

  #next(): Waiting {
    const members = new Set<FleetMember>();
    const done = this.#inTurn(async () => {
      const keepsAlive = waiting.keepsAlive;
      this.#waiting = undefined;
      // Those that have gone meanwhile have nothing more to say, and those that go now say it a last time.
      const present = [...members].filter((member) => (this.#members.has(member) || member.leaves) && !member.hasLeft);
      if (present.length > 0) await this.#exchange(present, keepsAlive);
    });
    const waiting: Waiting = { members, done, keepsAlive: false };
    return waiting;
  }

  async #exchange(members: readonly FleetMember[], keepAlive: boolean): Promise<void> {
    const startedAt = this.#clock.monotonic();
    let sent: readonly (readonly [FleetMember, Report])[];
    let answer: Sync;
    try {
      sent = members.map((member) => [member, member.report()] as const);
      const reports = sent.map(([, report]) => report);
      answer = await withinDeadline(this.#clock, "an exchange", () => this.store.sync(reports), keepAlive);
      this.time.correct(answer.now, startedAt, this.#clock.monotonic());
    } catch (error) {
      for (const member of members) member.failed(error);
      return;
    }
    for (const [member, report] of sent) {
      const state = Object.hasOwn(answer.states, member.experiment) ? answer.states[member.experiment] : undefined;
      try {
        if (state === undefined) throw new Error(`The store answered nothing for ${JSON.stringify(member.experiment)}`);
        if (state.failed !== undefined) throw state.failed;
        member.heard(state, report, startedAt);
      } catch (error) {
        member.failed(error);
      }
    }
  }

  #arm(): void {
    const everyMs = Math.min(...[...this.#members].map((member) => member.everyMs));
    // Not all processes at one moment.
    this.#poll = this.#clock.after(everyMs * (0.8 + 0.4 * Math.random()), () => {
      this.#watch();
      void this.look(this.#members);
      this.#arm();
    });
  }

  /** Beside polling: a store that cannot be watched now is asked again with every poll. */
  #watch(): void {
    if (this.#stopWatching !== undefined || this.store.watch === undefined) return;
    try {
      this.#stopWatching = this.store.watch((experiment, given) => this.#hear(experiment, readHeard(given)));
    } catch (error) {
      for (const member of this.#members) member.failed(error);
    }
  }

  #hear(experiment: string, news: HeardState | undefined): void {
    const concerned = [...this.#members].filter((member) => member.experiment === experiment);
    const asking = concerned.filter((member) => news === undefined || !member.hears(news));
    void this.look(asking);
    if (asking.length < concerned.length) this.#confirmSoon();
  }

  #confirmSoon(): void {
    const withinMs = Math.min(confirmWithinMs, ...[...this.#members].map(({ everyMs }) => everyMs / 5));
    this.#confirm ??= this.#clock.after(withinMs * Math.random(), () => {
      this.#confirm = undefined;
      void this.look([...this.#members].filter(({ ahead }) => !ahead.isEmpty));
    });
  }
}
