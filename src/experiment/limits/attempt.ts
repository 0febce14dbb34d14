import type { Clock } from "../../model/clock.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import { callAs, type Mark } from "../runtime/current-run.ts";
import { isFollowedNatively } from "../runtime/native-promise.ts";
import { mayFollow, watch, watchPromise } from "../runtime/promises.ts";
import type { Awaited, Deadlines } from "./deadlines.ts";

/** A behavior that never settles is written off after so long. */
const writeOffMs = 600_000;

/** What an attempt needs of its laboratory. */
export interface AttemptServices {
  readonly closed: boolean;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Whether the mark holds through every `await`. */
  readonly trackRuns: boolean;
}

/**
 * One behavior called once: called under its mark, awaited, given up on at a deadline. While it is awaited it takes a slot,
 * which is free again when it has settled, or has been written off; when its time is up it has stalled until then.
 *
 * How it ends is told once, by `returned`, `threw` or `timedOut`, with a stamp of the monotonic clock.
 */
export abstract class Attempt implements Awaited {
  // Links of the deadline's line.
  next: Awaited | undefined = undefined;
  previous: Awaited | undefined = undefined;
  line: Awaited["line"] = undefined;
  dueAt = 0;
  /** Stamps of the monotonic clock: called, and returned or threw. */
  startedAt = 0;
  syncEndedAt = 0;
  protected mark: Mark | undefined = undefined;
  protected hasSlot = false;
  private isOver = false;
  private isWrittenOff = false;

  protected abstract get services(): AttemptServices;
  protected abstract get timeoutMs(): number;

  /** Whether a caller waits for it: then its deadline keeps the process alive. */
  protected get foreground(): boolean {
    return false;
  }

  /** One attempt more, or one less, is in flight. */
  protected abstract countInFlight(change: 1 | -1): void;
  /** One more, or one less, has timed out and not settled since. */
  protected abstract countStalled(change: 1 | -1): void;
  protected abstract returned(value: unknown, now: number): void;
  protected abstract threw(error: unknown, now: number): void;
  protected abstract timedOut(afterMs: number, now: number): void;

  /** It has returned a promise or thenable, which is followed now. */
  protected isAwaited(): void {
    // What an attempt is part of may have more to do.
  }

  /** Whether what it returned is still to be read to its end, as a stream is: its slot then stays taken until {@link freeSlot}. */
  protected holds(value: unknown): boolean;
  protected holds(): boolean {
    return false;
  }

  /**
   * @param startedAt the stamp of this moment
   * @returns the stamp of the moment at which it returned or threw
   */
  call(mark: Mark, behavior: AnyFunction, self: unknown, args: unknown[], startedAt: number): number {
    const { clock, trackRuns } = this.services;
    let given: unknown;
    try {
      given = callAs(mark, trackRuns, behavior, self, args);
    } catch (error) {
      const now = clock.monotonic();
      this.threwAtOnce(error, startedAt, now);
      return now;
    }
    const now = clock.monotonic();
    this.gave(given, mark, startedAt, now);
    return now;
  }

  /** It was called, and threw. */
  threwAtOnce(error: unknown, startedAt: number, now: number): void {
    this.startedAt = startedAt;
    this.syncEndedAt = now;
    this.isOver = true;
    this.threw(error, now);
  }

  /** It was called, and returned this: an answer, or a promise of one. */
  gave(given: unknown, mark: Mark, startedAt: number, now: number): void {
    this.startedAt = startedAt;
    this.syncEndedAt = now;
    this.mark = mark;
    const isNative = isFollowedNatively(given);
    if (isNative || mayFollow(given)) {
      this.takeSlot();
      this.services.deadlines.add(this, this.timeoutMs, startedAt, this.foreground);
      this.isAwaited();
      if (isNative) this.followNatively(given);
      else this.follow(given, mark);
      return;
    }
    this.isOver = true;
    if (!this.holds(given)) this.returned(given, now);
  }

  /** Its time is up: it has ended at once; the slot stays taken until it settles, or is written off. */
  expire(): void {
    if (this.isOver) {
      this.isWrittenOff = true;
      this.freeSlot();
      this.countStalled(-1);
      return;
    }
    const { services } = this;
    const now = services.clock.monotonic();
    this.isOver = true;
    this.countStalled(1);
    if (services.closed) this.freeSlot();
    else services.deadlines.add(this, writeOffMs, now);
    this.mark!.timeOut();
    this.timedOut(now - this.startedAt, now);
  }

  protected followNatively(promise: unknown): void {
    watchPromise(
      promise,
      (value) => this.fulfilled(value),
      (error) => this.rejected(error),
    );
  }

  private follow(given: unknown, mark: Mark): void {
    watch(
      given,
      (value) => this.fulfilled(value),
      (error) => this.rejected(error),
      mark,
      this.services.trackRuns,
    );
  }

  protected fulfilled(value: unknown): void {
    if (this.isTooLate() || this.holds(value)) return;
    this.freeSlot();
    this.returned(value, this.services.clock.monotonic());
  }

  protected rejected(error: unknown): void {
    if (this.isTooLate()) return;
    this.freeSlot();
    this.threw(error, this.services.clock.monotonic());
  }

  protected takeSlot(): void {
    if (this.hasSlot) return;
    this.hasSlot = true;
    this.countInFlight(1);
  }

  protected freeSlot(): void {
    if (!this.hasSlot) return;
    this.hasSlot = false;
    this.countInFlight(-1);
  }

  /** As if it had not been made. It must have settled. */
  protected reset(): void {
    this.mark = undefined;
    this.isOver = this.isWrittenOff = false;
  }

  /** It has settled; after its time was up that tells nothing more, and its slot is what it still had. */
  private isTooLate(): boolean {
    this.services.deadlines.remove(this);
    if (!this.isOver) {
      this.isOver = true;
      return false;
    }
    if (!this.isWrittenOff) this.countStalled(-1);
    this.freeSlot();
    return true;
  }
}
