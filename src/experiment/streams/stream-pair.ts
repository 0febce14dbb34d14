import type { Outcome } from "../../model/observation.ts";
import { Deadline } from "../limits/deadlines.ts";
import type { Services } from "../define/services.ts";
import type { Mark } from "../runtime/current-run.ts";
import { Collected, type StreamBounds } from "./collected-items.ts";
import { Drain } from "./drain.ts";
import { observe } from "./observe-stream.ts";

// A candidate may be ahead of the caller by so many items, so that neither waits for the other at every one.
const lead = 8;
const notRead = "control's stream was not read to its end";

/** How one side of a stream ended: with an outcome, or why there is none to compare. */
export type StreamEnd =
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly bytes: number }
  | { readonly kind: "lost"; readonly reason: string };

/** A candidate's may also time out; or stay unread, since control returned none. */
export type CandidateStreamEnd = StreamEnd | { readonly kind: "timed-out" } | { readonly kind: "unread" };

/**
 * The streams of one call: control's is observed while the caller reads it, and the candidates' are read beside it, never
 * more than 8 items ahead of the caller. The outcome of a stream is the list of its items, or the error that ended it.
 *
 * A side that is silent for `timeoutMs` has timed out: candidates that let the wait for an item last, and callers that read
 * no further. What is kept is let go then.
 */
export class StreamPair {
  readonly #services: Services;
  readonly #bounds: StreamBounds;
  readonly #timeoutMs: number;
  /** Those that go on, with what to call. */
  readonly #drains = new Map<Drain, (end: CandidateStreamEnd) => void>();
  #allowed = lead;
  #stopped: CandidateStreamEnd | undefined = undefined;

  constructor(services: Services, bounds: StreamBounds, timeoutMs: number) {
    this.#services = services;
    this.#bounds = bounds;
    this.#timeoutMs = timeoutMs;
  }

  /** Looks at what the caller takes out of control's stream; `ended` is told once. */
  observeControl(stream: object, ended: (end: StreamEnd) => void): void {
    const collected = new Collected(this.#bounds);
    const idle = this.#deadline(() => lose(notRead));
    let open = true;
    let restore: (() => void) | undefined = undefined;
    const end = (how: StreamEnd): void => {
      if (!open) return;
      open = false;
      idle.clear();
      restore?.();
      if (how.kind === "lost") this.#stop(how);
      else this.#allow(Infinity);
      ended(how);
    };
    const lose = (reason: string): void => {
      collected.lose(reason);
      end({ kind: "lost", reason });
    };
    idle.start();
    restore = observe(stream, {
      item: (value) => {
        if (!open) return;
        idle.start();
        if (!collected.add(value)) lose(collected.lost!);
        else this.#allow(collected.items.length + lead);
      },
      done: () => end(outcomeOf(collected)),
      failed: (error) => end({ kind: "outcome", outcome: { kind: "threw", error }, bytes: 0 }),
      stopped: () => lose(notRead),
      lost: lose,
    });
    // It may have been lost before there was anything to restore.
    if (!open) restore();
  }

  /** Reads a candidate's stream; `ended` is told once. */
  drain(stream: object, mark: Mark, ended: (end: CandidateStreamEnd) => void): void {
    const collected = new Collected(this.#bounds);
    const idle = this.#deadline(() => {
      mark.timeOut();
      drain?.cancel();
      end({ kind: "timed-out" });
    });
    let open = true;
    let drain: Drain | undefined = undefined;
    const end = (how: CandidateStreamEnd): void => {
      if (!open) return;
      open = false;
      idle.clear();
      if (drain !== undefined) this.#drains.delete(drain);
      ended(how);
    };
    drain = new Drain(stream, collected, mark, this.#services.trackRuns, {
      alive: () => idle.start(),
      ended: () => end(collected.lost === undefined ? outcomeOf(collected) : { kind: "lost", reason: collected.lost }),
      failed: (error) => end({ kind: "outcome", outcome: { kind: "threw", error }, bytes: 0 }),
    });
    if (!open) return;
    if (this.#stopped !== undefined) {
      drain.cancel();
      end(this.#stopped);
      return;
    }
    this.#drains.set(drain, end);
    drain.allow(this.#allowed);
  }

  /** Control returned no stream: what candidates returned is not read any further. */
  noControl(): void {
    this.#stop({ kind: "unread" });
  }

  #stop(how: CandidateStreamEnd): void {
    this.#stopped = how;
    for (const [drain, end] of [...this.#drains]) {
      drain.cancel();
      end(how);
    }
  }

  #allow(items: number): void {
    this.#allowed = items;
    for (const drain of [...this.#drains.keys()]) drain.allow(items);
  }

  #deadline(expire: () => void): { start(): void; clear(): void } {
    const { deadlines, clock } = this.#services;
    const deadline = new Deadline(expire);
    return {
      start: () => {
        deadlines.remove(deadline);
        deadlines.add(deadline, this.#timeoutMs, clock.monotonic());
      },
      clear: () => deadlines.remove(deadline),
    };
  }
}

function outcomeOf({ items, bytes }: Collected): StreamEnd {
  return { kind: "outcome", outcome: { kind: "returned", value: items }, bytes };
}
