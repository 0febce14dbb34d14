import { oneAfterAnother } from "../../model/one-after-another.ts";
import { systemClock, type Cancel, type Clock } from "../../model/clock.ts";
import { indexable } from "../../sql/result-row.ts";

const writeEveryMs = 10_000;

/** How often candidates did not run, and why: added up here, and written now and then. */
export interface SkipCounts {
  add(experiment: string, reason: string): void;
  /** Writes what was added since; what could not be written is kept for the next time, and this rejects. */
  write(): Promise<void>;
  /** From now on writes every 10 s; called outside every request's context. */
  start(onFault: (error: unknown) => void): void;
  stop(): void;
}

/** One experiment's skips for one reason. Changed in place: adding to it is on a caller's path. */
interface Skips {
  calls: number;
  firstMs: number;
  lastMs: number;
}

type Counts = Map<string, Map<string, Skips>>;

/** @param insert writes rows, as a JSON array of objects whose keys are the columns */
export function skipCounts(insert: (rows: string) => unknown, clock: Clock = systemClock): SkipCounts {
  let counts: Counts = new Map();
  const inTurn = oneAfterAnother();
  let cancel: Cancel | undefined;
  let stopped = false;

  function merge(experiment: string, reason: string, calls: number, firstMs: number, lastMs: number): void {
    let reasons = counts.get(experiment);
    if (reasons === undefined) {
      reasons = new Map<string, Skips>();
      counts.set(experiment, reasons);
    }
    const known = reasons.get(reason);
    if (known === undefined) {
      reasons.set(reason, { calls, firstMs, lastMs });
      return;
    }
    known.calls += calls;
    known.firstMs = Math.min(known.firstMs, firstMs);
    known.lastMs = Math.max(known.lastMs, lastMs);
  }

  async function writeNow(): Promise<void> {
    const taken = counts;
    if (taken.size === 0) return;
    counts = new Map();
    try {
      await insert(JSON.stringify(rowsOf(taken)));
    } catch (error) {
      for (const [experiment, reasons] of taken) {
        for (const [reason, { calls, firstMs, lastMs }] of reasons) merge(experiment, reason, calls, firstMs, lastMs);
      }
      throw error;
    }
  }

  const write = (): Promise<void> => inTurn(writeNow);

  function tick(onFault: (error: unknown) => void): void {
    cancel = clock.after(writeEveryMs, () => {
      void write()
        .catch(onFault)
        .then(() => {
          if (!stopped) tick(onFault);
        });
    });
  }

  return {
    add(experiment, reason) {
      const nowMs = clock.now();
      merge(experiment, reason, 1, nowMs, nowMs);
    },
    write,
    start(onFault) {
      if (cancel === undefined && !stopped) tick(onFault);
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}

function rowsOf(counts: Counts): object[] {
  return [...counts].flatMap(([experiment, reasons]) =>
    [...reasons].map(([reason, { calls, firstMs, lastMs }]) => ({
      experiment: indexable(experiment),
      reason: indexable(reason),
      calls,
      first_at_ms: Math.round(firstMs),
      last_at_ms: Math.round(lastMs),
    })),
  );
}
