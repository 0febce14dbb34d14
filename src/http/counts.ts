import type { SkipReason } from "../experiment/record/counters.ts";
import type { ExchangeSkip } from "./exchange/exchange.ts";

/**
 * Why a request was not compared: what its comparison says, or
 *
 * - `unsafe-method`: neither GET nor HEAD, and not declared; control's alone
 * - `by-key`: declared as `unsafe: "by-key"`; of one side alone
 * - `loop`: it is a copy already
 * - `forced`: its header names the one side that answers it
 * - `body-too-large`, `body-used`: the request's body cannot be copied
 * - `conditional`: control answered a condition or a range, of which the copy knows nothing
 * - `streaming`: an event stream or NDJSON, whose end is not waited for
 * - `caller-gone`, `too-slow`: not both bodies were there in time
 */
export type HandlerSkip =
  SkipReason | ExchangeSkip | "unsafe-method" | "by-key" | "loop" | "forced" | "body-too-large" | "body-used";

/** What became of requests, of each candidate. */
export interface HandlerCounts {
  /** That might be compared: read-only ones that are no copies. */
  readonly eligible: number;
  /** Of those, the ones that were drawn, and let through by every limit. */
  readonly sampled: number;
  /** Copies sent to the candidate. */
  readonly sent: number;
  /** A status line came back. */
  readonly answered: number;
  /** Both answers were looked at. */
  readonly compared: number;
  readonly matched: number;
  /** Answers of a serving candidate that broke off in their middle. */
  readonly brokenMidBody: number;
  /** Of streams of events that were compared: means over all of them. Absent before the first one. */
  readonly streams?: { readonly control: StreamMeans; readonly candidate: StreamMeans };
  readonly skips: Readonly<Partial<Record<HandlerSkip, number>>>;
}

/** When the events of streams came. */
export interface StreamMeans {
  /** Milliseconds from the request to the first event, of streams that had one; to the first byte, where its body is encoded. */
  readonly firstEventMs: number;
  readonly eventsPerSecond: number;
}

type Step = Exclude<keyof HandlerCounts, "skips" | "streams">;

/** What one side's stream came to. */
interface SeenStream {
  readonly firstMs: number;
  readonly forMs: number;
  readonly events: number;
}

class StreamSums {
  #firstMs = 0;
  #withFirst = 0;
  #events = 0;
  #forMs = 0;

  add({ firstMs, forMs, events }: SeenStream): void {
    if (!Number.isNaN(firstMs)) {
      this.#firstMs += firstMs;
      this.#withFirst += 1;
    }
    this.#events += events;
    this.#forMs += forMs;
  }

  means(): StreamMeans {
    return {
      firstEventMs: this.#withFirst === 0 ? 0 : this.#firstMs / this.#withFirst,
      eventsPerSecond: this.#forMs === 0 ? 0 : (this.#events / this.#forMs) * 1_000,
    };
  }
}

/** Counts of one candidate, or of one window. */
export class Counts {
  readonly #steps: Record<Step, number> = {
    ...{ eligible: 0, sampled: 0, sent: 0, answered: 0, compared: 0, matched: 0, brokenMidBody: 0 },
  };
  readonly #skips = new Map<HandlerSkip, number>();

  #streams: { readonly control: StreamSums; readonly candidate: StreamSums } | undefined;

  addStreams(control: SeenStream, candidate: SeenStream): void {
    this.#streams ??= { control: new StreamSums(), candidate: new StreamSums() };
    this.#streams.control.add(control);
    this.#streams.candidate.add(candidate);
  }

  add(step: Step): void {
    this.#steps[step] += 1;
  }

  skip(reason: HandlerSkip): void {
    this.#skips.set(reason, (this.#skips.get(reason) ?? 0) + 1);
  }

  toJSON(): HandlerCounts {
    const streams = this.#streams;
    return {
      ...this.#steps,
      ...(streams && { streams: { control: streams.control.means(), candidate: streams.candidate.means() } }),
      skips: Object.fromEntries(this.#skips),
    };
  }
}
