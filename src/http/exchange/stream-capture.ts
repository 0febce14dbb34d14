import type { Cancel, Clock } from "../../model/clock.ts";
import type { CapturedBody } from "../responses/body-capture.ts";
import { joined } from "../responses/decode.ts";
import type { StreamTimes } from "../responses/looked-at.ts";

/** How far streams of events are compared. */
export interface StreamOptions {
  /** So many milliseconds of a stream from its head on; 5 000 by default. Less than `limits.timeoutMs`. */
  readonly maxMs?: number;
  /** So many bytes of it; 262 144 by default. */
  readonly maxBytes?: number;
}

export const defaultStreamOptions: Required<StreamOptions> = { maxMs: 5_000, maxBytes: 256 * 1024 };

/** Finds the first event of a stream that is whole: comments, ids and retry times may come before it. */
class FirstEvent {
  readonly #isOfLines: boolean;
  /** As much of the present line as says what it is. */
  #line = "";
  #hasData = false;
  #followsReturn = false;

  constructor(isOfLines: boolean) {
    this.#isOfLines = isOfLines;
  }

  isWithin(chunk: Uint8Array): boolean {
    for (const byte of chunk) {
      const isSecondHalf = byte === lineFeed && this.#followsReturn;
      this.#followsReturn = byte === carriageReturn;
      if (isSecondHalf) continue;
      if (byte === lineFeed || byte === carriageReturn) {
        if (this.#endsEvent()) return true;
        this.#line = "";
      } else if (this.#line.length < 8) this.#line += String.fromCharCode(byte);
    }
    return false;
  }

  #endsEvent(): boolean {
    if (this.#isOfLines) return this.#line.trim() !== "";
    if (this.#line === "") return this.#hasData;
    this.#hasData ||= /^(?:\u00EF\u00BB\u00BF)?data(?::|$)/.test(this.#line);
    return false;
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** The beginning of a stream, up to its end or a limit. */
export class StreamCapture {
  readonly #options: Required<StreamOptions>;
  readonly #codings: readonly string[];
  readonly #clock: Clock;
  readonly #done: (body: CapturedBody, times: StreamTimes) => void;
  readonly #headAt: number;
  readonly #cancel: Cancel;
  readonly #headMs: number;
  #kept: Uint8Array[] = [];
  #bytes = 0;
  #firstMs: number | undefined;
  readonly #first: FirstEvent;
  #isDone = false;

  /** @param done called once, with what there was */
  constructor(
    options: Required<StreamOptions>,
    codings: readonly string[],
    clock: Clock,
    headMs: number,
    isOfLines: boolean,
    done: (body: CapturedBody, times: StreamTimes) => void,
  ) {
    this.#options = options;
    this.#codings = codings;
    this.#clock = clock;
    this.#headMs = headMs;
    this.#done = done;
    this.#first = new FirstEvent(isOfLines);
    this.#headAt = clock.monotonic();
    this.#cancel = clock.after(options.maxMs, () => {
      this.end(true);
    });
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    if (this.#isDone) return;
    // Of what is encoded nothing is known but that it came.
    if (this.#firstMs === undefined && (this.#codings.length > 0 || this.#first.isWithin(chunk)))
      this.#firstMs = this.#headMs + this.#clock.monotonic() - this.#headAt;
    this.#bytes += chunk.length;
    this.#kept.push(chunk.slice());
    if (this.#bytes > this.#options.maxBytes) this.end(true);
  }

  /** @param isCut there may be more of it */
  end(isCut: boolean): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#cancel();
    const forMs = this.#clock.monotonic() - this.#headAt;
    const bytes = joined(this.#kept, this.#bytes);
    this.#kept = [];
    this.#done({ kind: "bytes", bytes, codings: this.#codings }, { isCut, firstMs: this.#firstMs ?? NaN, forMs });
  }
}
