import { backoffMs, type Backoff } from "../../model/backoff.ts";
import type { Clock } from "../../model/clock.ts";
import type { Posted } from "./post.ts";

/** What became of the alerts: `accepted = sent + failed + dropped + held`. */
export interface WebhookCounts {
  readonly accepted: number;
  readonly sent: number;
  /** The receiver refused them for good. */
  readonly failed: number;
  /** There was no room to hold them, or the publisher was closed. */
  readonly dropped: number;
  /** Waiting for the limit a minute, for a receiver to come back, or for an answer. */
  readonly held: number;
}

/** One alert, written out already, so that holding it costs its text and nothing else. */
export interface Alert {
  readonly text: string;
  /** Told when the alert is lost, so that the next one of its kind is sent. */
  readonly onLost: () => void;
}

export interface AlertQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly perMinute: number;
  /** Sends several alerts in one request; `dropped` is how many were lost since the last one that arrived. */
  readonly send: (texts: readonly string[], dropped: number) => Promise<Posted>;
  readonly onFault: (error: unknown) => void;
}

const minuteMs = 60_000;
const heldMax = 100;
const heldCharactersMax = 1_000_000;
const perRequestMax = 20;
const perRequestCharactersMax = 256_000;
const backoff: Backoff = { firstMs: 1_000, mostMs: minuteMs };

/** Holds alerts until they have arrived: bounded, one request at a time, at most so many a minute, backing off while they fail. */
export class AlertQueue {
  readonly #options: AlertQueueOptions;
  #held: Alert[] = [];
  #heldCharacters = 0;
  #accepted = 0;
  #sent = 0;
  #failed = 0;
  #dropped = 0;
  #droppedSinceSent = 0;
  #starts: number[] = [];
  #failures = 0;
  #notBefore = -Infinity;
  /** Until then the receiver has asked to be left alone. */
  #askedToWaitUntil = -Infinity;
  #request: Promise<Posted> | undefined;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(options: AlertQueueOptions) {
    this.#options = options;
  }

  counts(): WebhookCounts {
    return {
      accepted: this.#accepted,
      sent: this.#sent,
      failed: this.#failed,
      dropped: this.#dropped,
      held: this.#held.length,
    };
  }

  accept(alert: Alert): void {
    this.#accepted += 1;
    const isFull =
      this.#held.length >= heldMax || this.#heldCharacters + alert.text.length > heldCharactersMax || this.#closed;
    if (isFull) {
      this.#drop(alert);
      return;
    }
    this.#held.push(alert);
    this.#heldCharacters += alert.text.length;
    this.#wake();
  }

  /** Sends what is held, without waiting for the end of a back-off. Rejects when some of it must still wait. */
  async flush(): Promise<void> {
    await this.#request;
    this.#notBefore = -Infinity;
    while (this.#held.length > 0) {
      this.#wake();
      if (this.#request === undefined) {
        const isAsked = this.#askedToWaitUntil > this.#options.clock.monotonic();
        const what =
          isAsked ?
            "the time that the receiver asked for"
          : `the limit of ${this.#options.perMinute} requests a minute`;
        throw new Error(`webhook: ${this.#held.length} alerts wait for ${what}`);
      }
      const posted = await this.#request;
      if (posted.kind === "failed") throw posted.error;
    }
  }

  /** Tries once more, then lets go: what is still held counts as dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      this.#cancelTimer?.();
      for (const alert of this.#held.splice(0)) this.#drop(alert);
      this.#heldCharacters = 0;
    }
  }

  #drop(alert: Alert): void {
    this.#dropped += 1;
    this.#droppedSinceSent += 1;
    alert.onLost();
  }

  /** Sends now if it may, else arms one timer for when it may. */
  #wake(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#request !== undefined || this.#held.length === 0) return;
    const { clock, perMinute } = this.#options;
    const now = clock.monotonic();
    this.#starts = this.#starts.filter((start) => now - start < minuteMs);
    const opensAt = this.#starts.length < perMinute ? now : this.#starts[this.#starts.length - perMinute]! + minuteMs;
    const waitMs = Math.max(opensAt, this.#notBefore, this.#askedToWaitUntil) - now;
    if (waitMs <= 0) this.#send(now);
    else if (!this.#closed) this.#cancelTimer = clock.after(waitMs, () => this.#wake());
  }

  #send(now: number): void {
    const batch = this.#nextBatch();
    const reported = this.#droppedSinceSent;
    this.#starts.push(now);
    const request = this.#options.send(
      batch.map(({ text }) => text),
      reported,
    );
    this.#request = request;
    void request.then((posted) => {
      this.#request = undefined;
      this.#settle(posted, batch, reported);
      this.#wake();
    });
  }

  #nextBatch(): Alert[] {
    const batch: Alert[] = [];
    let characters = 0;
    for (const alert of this.#held.slice(0, perRequestMax)) {
      characters += alert.text.length;
      if (batch.length > 0 && characters > perRequestCharactersMax) break;
      batch.push(alert);
    }
    return batch;
  }

  #settle(posted: Posted, batch: readonly Alert[], reported: number): void {
    if (posted.kind === "failed") {
      this.#failures += 1;
      const { clock, random } = this.#options;
      this.#notBefore = clock.monotonic() + backoffMs(backoff, this.#failures, random);
      const { retryAfterMs } = posted;
      if (retryAfterMs !== undefined) this.#askedToWaitUntil = clock.monotonic() + retryAfterMs;
      this.#options.onFault(posted.error);
      return;
    }
    // Nothing but this takes from the front, and closing waits for the request.
    this.#held.splice(0, batch.length);
    for (const alert of batch) this.#heldCharacters -= alert.text.length;
    this.#failures = 0;
    if (posted.kind === "sent") {
      this.#sent += batch.length;
      this.#droppedSinceSent -= reported;
      return;
    }
    this.#failed += batch.length;
    for (const alert of batch) alert.onLost();
    this.#options.onFault(posted.error);
  }
}
