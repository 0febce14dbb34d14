import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import type { Publisher } from "../model/publisher.ts";
import type { Result } from "../model/result.ts";

export interface MemoryPublisherOptions {
  /** How many results are kept; the oldest are let go. 1 000 by default. */
  readonly limit?: number;
}

/** Keeps results where a test or a page can read them. */
export interface MemoryPublisher extends Publisher {
  /** Oldest first. Grows and shrinks as results come and go. */
  readonly results: readonly Result[];
  clear(): void;
}

/**
 * Keeps the last results in memory, as they are: for tests, and for pages inside the process.
 *
 * @throws {SidelaneError} `invalid-option` when `limit` is no whole number of at least 1
 */
export function memoryPublisher(options: MemoryPublisherOptions = {}): MemoryPublisher {
  const check: OptionCheck = checkOptions("memoryPublisher");
  const given: unknown = options;
  check.object("options", given);
  check.known(given, ["limit"]);
  const { limit = 1_000 } = options;
  check.number("limit", limit, { min: 1, integer: true });

  const results: Result[] = [];
  return {
    name: "memory",
    results,
    clear() {
      results.length = 0;
    },
    publish(result) {
      if (results.length >= limit) results.shift();
      results.push(result);
    },
  };
}
