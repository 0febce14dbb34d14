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
  #isDone = false;

  /** @param done called once, with what there was */
  constructor(
    options: Required<StreamOptions>,
    codings: readonly string[],
    clock: Clock,
    headMs: number,
    done: (body: CapturedBody, times: StreamTimes) => void,
  ) {
    this.#options = options;
    this.#codings = codings;
    this.#clock = clock;
    this.#headMs = headMs;
    this.#done = done;
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
    this.#firstMs ??= this.#headMs + this.#clock.monotonic() - this.#headAt;
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
