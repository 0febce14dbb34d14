import type { Cancel, Clock } from "../model/clock.ts";

const mostViewers = 50;
const everyMs = 1_000;
const aliveEveryMs = 15_000;

/** Streams of events to those who look at a live page: each is told when there are other numbers. */
export class Viewers {
  readonly #epoch: () => string | Promise<string>;
  readonly #clock: Clock;
  readonly #open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #last = "";
  #aliveAt = 0;
  #cancel: Cancel | undefined;

  constructor(epoch: () => string | Promise<string>, clock: Clock) {
    this.#epoch = epoch;
    this.#clock = clock;
  }

  /** A stream, or the answer that makes a page poll where there are 50 already. */
  async open(signal: AbortSignal): Promise<Response> {
    const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
    if (this.#open.size >= mostViewers) {
      return new Response("Too many viewers: ask again now and then.\n", {
        status: 503,
        headers: { ...headers, "retry-after": "10" },
      });
    }
    const epoch = await this.#epoch();
    let leave: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        leave = () => this.#leave(controller);
        this.#open.add(controller);
        controller.enqueue(encoded(`retry: 5000\n\n${eventOf(epoch)}`));
      },
      cancel: () => leave(),
    });
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    this.#last = epoch;
    if (this.#cancel === undefined) this.#schedule();
    return new Response(body, {
      headers: { ...headers, "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" },
    });
  }

  #leave(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (!this.#open.delete(controller)) return;
    try {
      controller.close();
    } catch {
      // It was cancelled.
    }
    if (this.#open.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(everyMs, () => {
      void this.#tell().then(
        () => this.#open.size > 0 && this.#schedule(),
        () => this.#open.size > 0 && this.#schedule(),
      );
    });
  }

  async #tell(): Promise<void> {
    const epoch = await this.#epoch();
    const now = this.#clock.monotonic();
    const isNews = epoch !== this.#last;
    if (!isNews && now - this.#aliveAt < aliveEveryMs) return;
    this.#last = epoch;
    this.#aliveAt = now;
    const bytes = encoded(isNews ? eventOf(epoch) : ":\n\n");
    for (const controller of this.#open) {
      // Who does not read gets no more: what waits is bounded.
      if ((controller.desiredSize ?? 0) < -8) this.#leave(controller);
      else controller.enqueue(bytes);
    }
  }
}

function eventOf(epoch: string): string {
  return `id: ${epoch}\nevent: model\ndata: ${epoch}\n\n`;
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
