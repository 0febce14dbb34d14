import { systemClock, type Cancel, type Clock } from "../../model/clock.ts";
import { checkOptions } from "../../model/check-options.ts";
import { aClock, aNumber, aWhole, orElse, required, settle, type OptionTable } from "../../model/option-table.ts";
import type { Publisher, PublisherHost, PublisherLike } from "../../model/publisher.ts";
import type { Result } from "../../model/result.ts";
import { measureResult } from "../../records/result-bytes.ts";
import { toPublisher } from "../../model/publisher.ts";
import { forwarded } from "./wrap-publisher.ts";

/** What `batch` takes: how many results make a batch, and how long one may wait. */
export interface BatchOptions {
  /** How many results make a batch, from 1 to 10 000. */
  readonly size: number;
  /** How long a batch waits to be full, in milliseconds; 1 000 by default. */
  readonly intervalMs?: number;
  /** How many bytes of results wait at most, measured; 8 000 000 by default. A batch is sent before there are more. */
  readonly maxBytes?: number;
  /** Where time comes from; the system by default. */
  readonly clock?: Clock;
}

/** A batch that is not published by then is given up. */
const publishTimeoutMs = 30_000;

export const batchTable: OptionTable<BatchOptions, "intervalMs" | "maxBytes" | "clock"> = {
  size: required(aWhole({ min: 1, max: 10_000 })),
  intervalMs: orElse(aNumber({ min: 1, max: 3_600_000 }), 1_000),
  maxBytes: orElse(aNumber({ min: 1 }), 8_000_000),
  clock: orElse(aClock, systemClock),
};

/**
 * Collects results and hands them over together: when there are `size` of them or `maxBytes`, when the first has waited for `intervalMs`, at
 * a flush and at the end. One batch at a time; while one is on its way and the next is full, results wait in the queue.
 *
 * A result counts as published once it is in a batch. A batch that fails is one fault, which says how many were
 * lost, and so is one that is still on its way when the laboratory stops waiting for the end.
 *
 * @throws {SidelaneError} `invalid-option`, also when the publisher has no `publishBatch`
 * @example batch({ size: 500, intervalMs: 5_000 }, sqlPublisher({ execute, dialect: 'postgresql' }))
 */
export function batch(options: BatchOptions, publisher: PublisherLike): Publisher {
  const { size, intervalMs, maxBytes, clock } = settle(checkOptions("batch"), batchTable, options);
  const inner = toPublisher(publisher, "batch");
  if (!inner.publishBatch) checkOptions("batch").fail("publisher", "one that has `publishBatch`", inner);
  let host: PublisherHost | undefined;
  let collected: Result[] = [];
  let bytes = 0;
  let sending: Promise<void> | undefined;
  let onItsWay = 0;
  let cancel: Cancel | undefined;

  /** Never rejects: nobody but the host can do anything about it. */
  async function send(): Promise<void> {
    cancel?.();
    cancel = undefined;
    while (sending !== undefined) await sending;
    if (collected.length === 0) return;
    const results = collected;
    collected = [];
    bytes = 0;
    onItsWay = results.length;
    sending = published(results).finally(() => {
      sending = undefined;
      onItsWay = 0;
    });
    await sending;
  }

  async function published(results: readonly Result[]): Promise<void> {
    let stop: Cancel | undefined;
    const timedOut = new Promise<never>((_, reject) => {
      stop = clock.after(publishTimeoutMs, () => reject(new Error(`not settled within ${publishTimeoutMs} ms`)));
    });
    try {
      await Promise.race([inner.publishBatch!(results), timedOut]);
    } catch (cause) {
      // Without a number it was told at the end.
      if (onItsWay > 0) lost(`A batch of ${results.length} results was lost`, cause);
    } finally {
      stop?.();
    }
  }

  function lost(message: string, cause?: unknown): void {
    const error = cause === undefined ? new Error(message) : new Error(message, { cause });
    host?.onFault({ operation: "publish", error, publisher: inner.name });
  }

  function take(result: Result): Promise<void> | undefined {
    collected.push(result);
    bytes += measureResult(result, maxBytes);
    if (collected.length >= size || bytes >= maxBytes) return send();
    cancel ??= clock.after(intervalMs, () => void send());
    return undefined;
  }

  return {
    ...forwarded(inner),
    idempotent: false,
    attach(given) {
      host = given;
      inner.attach?.(given);
    },
    publish: take,
    async flush() {
      await send();
      await inner.flush?.();
    },
    async close() {
      // A laboratory flushes before it closes: what has not arrived by now has no more time.
      if (onItsWay > 0) {
        lost(`${onItsWay + collected.length} results had not been published at the end`);
        onItsWay = 0;
      }
      await send();
      await inner.close?.();
    },
  };
}
