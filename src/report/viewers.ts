import type { Cancel, Clock } from "../model/clock.ts";
import type { Edition } from "./edition.ts";
import { changesOf } from "./page-changes.ts";

const mostViewers = 50;
const everyMs = 1_000;
const aliveEveryMs = 15_000;

/** Streams of events to those who look at a live page: each is told which numbers are others, in the same words. */
export class Viewers {
  readonly #edition: () => Edition | Promise<Edition>;
  readonly #clock: Clock;
  readonly #open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #last: Edition | undefined;
  #aliveAt = 0;
  #cancel: Cancel | undefined;

  constructor(edition: () => Edition | Promise<Edition>, clock: Clock) {
    this.#edition = edition;
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
    const edition = await this.#edition();
    // Who looks already has heard of it before it is what the next numbers are told apart from.
    this.#tell(edition);
    let leave: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        leave = () => this.#leave(controller);
        this.#open.add(controller);
        controller.enqueue(encoded(`retry: 5000\n\n${eventOf(edition.epoch, "model", edition.epoch)}`));
      },
      cancel: () => leave(),
    });
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
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
    const next = (): false | void => this.#open.size > 0 && this.#schedule();
    this.#cancel = this.#clock.after(everyMs, () => {
      void Promise.resolve(this.#edition())
        .then((edition) => this.#tell(edition))
        .then(next, next);
    });
  }

  #tell(edition: Edition): void {
    const now = this.#clock.monotonic();
    const before = this.#last;
    this.#last = edition;
    if (this.#open.size === 0) return;
    const isNews = edition.epoch !== before?.epoch;
    if (!isNews && now - this.#aliveAt < aliveEveryMs) return;
    this.#aliveAt = now;
    const bytes = encoded(isNews ? newsOf(before, edition) : ":\n\n");
    for (const controller of this.#open) {
      // Who does not read gets no more: what waits is bounded.
      if ((controller.desiredSize ?? 0) < -8) this.#leave(controller);
      else controller.enqueue(bytes);
    }
  }
}

/** The numbers that are others, where that is all that is another, and otherwise that the page has to be loaded anew. */
function newsOf(before: Edition | undefined, { epoch, nodes }: Edition): string {
  const changes = before && changesOf(before.nodes, nodes);
  if (changes === undefined) return eventOf(epoch, "model", epoch);
  return eventOf(epoch, "changes", JSON.stringify({ from: before!.epoch, to: epoch, nodes: nodes.length, changes }));
}

function eventOf(epoch: string, kind: "model" | "changes", data: string): string {
  return `id: ${epoch}\nevent: ${kind}\ndata: ${data}\n\n`;
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
