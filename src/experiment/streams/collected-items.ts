import { capture } from "../../compare/copy/capture.ts";

/** How much of one side is kept. */
export interface StreamBounds {
  readonly maxItems: number;
  readonly maxBytes: number;
}

// What an item takes beyond its own bytes.
const bytesOfItem = 16;

/** The items of one side so far, as they were when they passed. */
export class Collected {
  readonly items: unknown[] = [];
  bytes = 0;
  /** Why it is no use any more; its items are let go then. */
  lost: string | undefined = undefined;
  readonly #bounds: StreamBounds;

  constructor(bounds: StreamBounds) {
    this.#bounds = bounds;
  }

  /** @returns whether it was kept */
  add(item: unknown): boolean {
    const { maxItems, maxBytes } = this.#bounds;
    if (this.items.length >= maxItems) return this.lose(`a stream has more than ${maxItems} items`);
    const kept = capture(item, { length: Math.max(0, maxBytes - this.bytes) });
    this.bytes += bytesOfItem + (typeof item === "string" ? item.length : 0);
    if (kept.kind === "captured") this.bytes += kept.bytes;
    if (this.bytes > maxBytes || kept.kind === "live") {
      return this.lose(`a stream holds more than ${maxBytes} bytes, or an item that cannot be copied`);
    }
    this.items.push(kept.value);
    return true;
  }

  lose(reason: string): false {
    this.lost ??= reason;
    this.items.length = 0;
    return false;
  }
}
