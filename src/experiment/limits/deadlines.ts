import type { Cancel, Clock } from "../../model/clock.ts";
import { later } from "../runtime/event-loop.ts";
import type { Detached } from "../runtime/current-run.ts";

/** Something that is to end in time. */
export interface Awaited {
  /** Linked into its line by the line itself. */
  next: Awaited | undefined;
  previous: Awaited | undefined;
  line: Line | undefined;
  dueAt: number;
  /** Its time is up. */
  expire(): void;
}

/** Something whose time is up, told to a function. */
export class Deadline implements Awaited {
  next: Awaited | undefined = undefined;
  previous: Awaited | undefined = undefined;
  line: Line | undefined = undefined;
  dueAt = 0;
  readonly expire: () => void;

  constructor(expire: () => void) {
    this.expire = expire;
  }
}

/** Deadlines of one length: the first to come is the first to be due, so that one timer serves them all. */
class Line {
  first: Awaited | undefined;
  last: Awaited | undefined;
  /** When its timer is to ring; -Infinity while it has none. */
  ringsAt: number = -Infinity;
  cancel: Cancel | undefined = undefined;
  /** How often its timer has been set or cancelled. */
  arming = 0;
  readonly delayMs: number;
  readonly foreground: boolean;

  constructor(delayMs: number, foreground: boolean) {
    this.delayMs = delayMs;
    this.foreground = foreground;
  }
}

/** A timer that is so late has been lost: it was faked while it was set, and the real ones are back. */
const lostAfterMs = 1_000;
/** A timer that is so late rings after a pause of the event loop: what has come meanwhile gets its turn first. */
const pausedAfterMs = 5;
/** One that is so early was set after a pause: timers count from when their turn of the loop began, not from when they are set. */
const blockedBeforeMs = 1;
const mostGraceMs = 50;

/**
 * All deadlines of a laboratory: a line per length, a timer per line. Adding and removing one costs a few pointers, where
 * a timer of its own would cost up to 2 µs.
 *
 * After a pause of the event loop (garbage, long synchronous work, a function instance that was frozen) nothing expires
 * before the loop has been free for as long as it was blocked, at most 50 ms: an answer that was there already counts.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #detached: Detached;
  readonly #lines = new Map<number, Line>();
  readonly #foreground = new Map<number, Line>();

  constructor(clock: Clock, detached: Detached) {
    this.#clock = clock;
    this.#detached = detached;
  }

  /**
   * @param delayMs `Infinity` for what ends only when everything does
   * @param startedAt monotonic milliseconds, read by the caller anyway
   * @param foreground whether a caller waits for it: then it keeps the process alive
   */
  add(item: Awaited, delayMs: number, startedAt: number, foreground = false): void {
    const lines = foreground ? this.#foreground : this.#lines;
    let line = lines.get(delayMs);
    if (line === undefined) lines.set(delayMs, (line = new Line(delayMs, foreground)));
    item.line = line;
    item.dueAt = startedAt + delayMs;
    item.previous = line.last;
    if (line.last) line.last.next = item;
    else line.first = item;
    line.last = item;
    if (startedAt > line.ringsAt + lostAfterMs && delayMs !== Infinity) this.#arm(line, delayMs);
  }

  remove(item: Awaited): void {
    const { line } = item;
    if (line === undefined) return;
    if (item.previous) item.previous.next = item.next;
    else line.first = item.next;
    if (item.next) item.next.previous = item.previous;
    else line.last = item.previous;
    item.line = item.next = item.previous = undefined;
    if (line.foreground && line.first === undefined) disarm(line);
  }

  /** Expires everything now, as closing does. */
  expireAll(): void {
    for (const lines of [this.#lines, this.#foreground]) {
      for (const line of lines.values()) this.#sweep(line, Infinity);
    }
  }

  #arm(line: Line, delayMs: number): void {
    disarm(line);
    const armedAt = this.#clock.monotonic();
    const ringsAt = (line.ringsAt = armedAt + delayMs);
    // Overdue before the timer was set: called by something that blocked the loop for longer than it may take.
    const overdueMs = line.first ? armedAt - line.first.dueAt : 0;
    const { arming } = line;
    this.#after(line, delayMs, () => {
      const now = this.#clock.monotonic();
      const lateMs = now - ringsAt;
      if (lateMs < pausedAfterMs && lateMs >= -blockedBeforeMs && overdueMs <= 0) {
        this.#ring(line, now);
        return;
      }
      // Once: a loop that is blocked again must not put it off for ever.
      const graceMs = Math.min(Math.max(Math.abs(lateMs), overdueMs), mostGraceMs);
      this.#after(line, graceMs, () =>
        later(() => {
          // What this was for may have ended in that turn, and the next one have a timer of its own.
          if (line.arming === arming) this.#ring(line, now);
        }),
      );
    });
  }

  #after(line: Line, delayMs: number, ring: () => void): void {
    // A timer armed inside a request would keep that request's context alive, and run in it.
    line.cancel = this.#detached(() => this.#clock.after(delayMs, ring, line.foreground));
  }

  #ring(line: Line, now: number): void {
    line.ringsAt = -Infinity;
    line.cancel = undefined;
    this.#sweep(line, now);
    // Code called on expiry may have added the next one, and with it a timer.
    if (line.first && line.ringsAt === -Infinity) {
      this.#arm(line, Math.max(1, line.first.dueAt - this.#clock.monotonic()));
    }
  }

  #sweep(line: Line, now: number): void {
    // A hair's breadth of tolerance: timers may fire a fraction of a millisecond early.
    while (line.first && line.first.dueAt <= now + 0.5) {
      const item = line.first;
      this.remove(item);
      item.expire();
    }
  }
}

function disarm(line: Line): void {
  line.arming += 1;
  line.cancel?.();
  line.cancel = undefined;
  line.ringsAt = -Infinity;
}
