import { checkOptions } from "../model/check-options.ts";
import { aWhole, orElse, settle, type OptionTable } from "../model/option-table.ts";
import type { Publisher } from "../model/publisher.ts";
import type { Result } from "../model/result.ts";
import type { RolloutEvent } from "../model/rollout.ts";
import type { TallyRecord } from "../model/tally-record.ts";

/** What `memoryPublisher` takes; every option has a default. */
export interface MemoryPublisherOptions {
  /** How many results are kept, and how many tallies and events; the oldest are let go. 1 000 by default. */
  readonly limit?: number;
}

/** Keeps results where a test or a page can read them. */
export interface MemoryPublisher extends Publisher {
  /** Oldest first. Grows and shrinks as results come and go. */
  readonly results: readonly Result[];
  /** Exact counts, as they were told. */
  readonly tallies: readonly TallyRecord[];
  /** What happened to rollouts. */
  readonly events: readonly RolloutEvent[];
  /** Forgets all that it has kept. */
  clear(): void;
}

/** The options of `memoryPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const memoryTable: OptionTable<MemoryPublisherOptions, "limit"> = { limit: orElse(aWhole({ min: 1 }), 1_000) };

/**
 * Keeps the last results in memory, as they are: for tests, and for pages inside the process.
 *
 * @throws {SidelaneError} `invalid-option` when `limit` is no whole number of at least 1
 */
export function memoryPublisher(options: MemoryPublisherOptions = {}): MemoryPublisher {
  const { limit } = settle(checkOptions("memoryPublisher"), memoryTable, options);

  const results: Result[] = [];
  const tallies: TallyRecord[] = [];
  const events: RolloutEvent[] = [];
  function keep<Kept>(kept: Kept[], one: Kept): void {
    if (kept.length >= limit) kept.shift();
    kept.push(one);
  }
  return {
    name: "memory",
    ...{ results, tallies, events },
    clear() {
      results.length = tallies.length = events.length = 0;
    },
    publish: (result) => keep(results, result),
    publishTally: (tally) => keep(tallies, tally),
    publishEvent: (event) => keep(events, event),
  };
}
