import type { Clock } from "../../model/clock.ts";
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

/** Deadlines of one length: whoever came first is due first, so that one timer serves them all. */
class Line {
  first: Awaited | undefined;
  last: Awaited | undefined;
  armed = false;
  readonly delayMs: number;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }
}

/**
 * All deadlines of a laboratory: a line per length, a timer per line. Adding and removing one costs a few pointers, where
 * a timer of its own would cost up to 2 µs.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #detached: Detached;
  readonly #lines = new Map<number, Line>();

  constructor(clock: Clock, detached: Detached) {
    this.#clock = clock;
    this.#detached = detached;
  }

  /**
   * @param delayMs `Infinity` for what ends only when everything does
   * @param startedAt monotonic milliseconds, read by the caller anyway
   */
  add(item: Awaited, delayMs: number, startedAt: number): void {
    let line = this.#lines.get(delayMs);
    if (line === undefined) this.#lines.set(delayMs, (line = new Line(delayMs)));
    item.line = line;
    item.dueAt = startedAt + delayMs;
    item.previous = line.last;
    if (line.last) line.last.next = item;
    else line.first = item;
    line.last = item;
    if (!line.armed && delayMs !== Infinity) this.#arm(line, delayMs);
  }

  remove(item: Awaited): void {
    const { line } = item;
    if (line === undefined) return;
    if (item.previous) item.previous.next = item.next;
    else line.first = item.next;
    if (item.next) item.next.previous = item.previous;
    else line.last = item.previous;
    item.line = item.next = item.previous = undefined;
  }

  /** Puts one item where another is, at the other's time. */
  replace(item: Awaited, by: Awaited): void {
    const { line, previous, next } = item;
    if (line === undefined) return;
    by.line = line;
    by.dueAt = item.dueAt;
    by.previous = previous;
    by.next = next;
    if (previous) previous.next = by;
    else line.first = by;
    if (next) next.previous = by;
    else line.last = by;
    item.line = item.next = item.previous = undefined;
  }

  /** Expires everything now, as closing does. */
  expireAll(): void {
    for (const line of this.#lines.values()) this.#sweep(line, Infinity);
  }

  #arm(line: Line, delayMs: number): void {
    line.armed = true;
    // A timer armed inside a request would keep that request's context alive, and run in it.
    this.#detached(() =>
      this.#clock.after(delayMs, () => {
        line.armed = false;
        this.#sweep(line, this.#clock.monotonic());
        if (line.first) this.#arm(line, Math.max(1, line.first.dueAt - this.#clock.monotonic()));
      }),
    );
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
