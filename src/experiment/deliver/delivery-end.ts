import type { Clock } from "../../model/clock.ts";
import type { Publisher } from "../../model/publisher.ts";
import { callForeign, type Ended } from "../runtime/promises.ts";

const flushTimeoutMs = 10_000;

/** What waiting for the end of a delivery needs of it. */
export interface Ending {
  readonly services: { readonly clock: Clock; detached<T>(run: () => T): T };
  readonly publisher: Publisher;
  /** How many results were accepted so far. */
  accepted(): number;
  /** Tells of what has ended, and tries the rest at once. */
  drain(): void;
  /** Gives up whatever is left. */
  abandon(): void;
  onFault(operation: "flush" | "close", error: unknown): void;
}

interface Waiter {
  readonly through: number;
  readonly giveUp: boolean;
  readonly resolve: (all: boolean) => void;
}

/** Waiting until one publisher has got what was accepted, and its end. */
export class DeliveryEnd {
  readonly #of: Ending;
  #waiters: Waiter[] = [];
  #closing: Promise<boolean> | undefined;

  constructor(of: Ending) {
    this.#of = of;
  }

  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Waits until everything accepted so far was published or counted as lost, then for the publisher's own `flush`. Keeps
   * the process alive meanwhile.
   *
   * @param timeoutMs when to stop waiting; without it, 10 s, or the first failure of a publisher that fails anyway
   * @returns whether everything was done in time; nothing is given up: what waits goes on waiting
   */
  async flush(timeoutMs?: number): Promise<boolean> {
    if (this.#closing !== undefined) return this.#closing;
    return this.#within(timeoutMs ?? flushTimeoutMs, async () => {
      const all = await this.#drained(timeoutMs === undefined);
      return all && (await this.#ask("flush"));
    });
  }

  /**
   * Takes nothing more, flushes, then closes the publisher. What is left at the deadline is dropped as `closed`, and what
   * is being published is failed. Keeps the process alive meanwhile; calling it again returns the same answer.
   *
   * @returns whether everything was done in time
   */
  close(timeoutMs: number = flushTimeoutMs): Promise<boolean> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  /** @param oldest the running number of the oldest result that has not ended */
  resolveUpTo(oldest: number): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter(({ through, resolve }) => {
      if (oldest <= through) return true;
      resolve(true);
      return false;
    });
  }

  /** The publisher keeps failing: those that need not wait for it go. */
  giveUp(): void {
    this.#waiters = this.#waiters.filter(({ giveUp, resolve }) => {
      if (giveUp) resolve(false);
      return !giveUp;
    });
  }

  async #close(timeoutMs: number): Promise<boolean> {
    let asked = false;
    const inTime = await this.#within(timeoutMs, async (expired) => {
      await this.#drained(false);
      const flushed = !expired() && (await this.#ask("flush"));
      if (expired()) return false;
      asked = true;
      return (await this.#ask("close")) && flushed;
    });
    this.#of.abandon();
    // Its time is up, but its handles are to be given back all the same.
    if (!asked) void this.#ask("close");
    return inTime;
  }

  /** Resolves once everything accepted so far is out of the queue; `giveUp` also when the publisher keeps failing. */
  #drained(giveUp: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters.push({ through: this.#of.accepted(), giveUp, resolve });
      this.#of.drain();
    });
  }

  /** The publisher's own `flush` or `close`. */
  async #ask(operation: "flush" | "close"): Promise<boolean> {
    const { services, publisher } = this.#of;
    const how = await services.detached(() => endOf(() => publisher[operation]?.()));
    if (how.kind === "failed") this.#of.onFault(operation, how.error);
    return how.kind === "done";
  }

  /** Runs `work`, but answers `false` when `timeoutMs` are over; the timer keeps the process alive until then. */
  #within(timeoutMs: number, work: (expired: () => boolean) => Promise<boolean>): Promise<boolean> {
    return new Promise((resolve) => {
      let late = false;
      const cancel = this.#of.services.clock.after(
        timeoutMs,
        () => {
          late = true;
          resolve(false);
        },
        true,
      );
      void work(() => late).then((answer) => {
        cancel();
        resolve(answer);
      });
    });
  }
}

/** How foreign code ended, whatever it does. */
function endOf(call: () => unknown): Promise<Ended> {
  return new Promise((resolve) => {
    const ended = callForeign(call);
    if (ended.kind === "waiting") ended.watch(resolve);
    else resolve(ended);
  });
}
