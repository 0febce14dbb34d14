import { refuse } from "../errors.ts";
import { byBytes } from "../outbox/byte-order.ts";
import type { KeyRange, ScannedRecord } from "../records/record-store.ts";
import type { Side } from "../side.ts";
import type { Pace } from "./pace.ts";

const pageSize = 1_000;

/** The records of a range, a page at a time. */
export interface Reader {
  /** Reads the next page where the last one is used up. */
  fill(): Promise<void>;
  /** The record to look at; `undefined` where a page is needed, or there are no more. */
  peek(): ScannedRecord<unknown> | undefined;
  next(): void;
  /** Whether `peek` has nothing because a page is needed. */
  readonly isEmpty: boolean;
}

/** @throws {SidelaneError} `invalid-state` where the keys are in another order than that of their bytes */
export function readerOf(place: string, side: Side, { after, to }: KeyRange, pace: Pace): Reader {
  let page: readonly ScannedRecord<unknown>[] = [];
  let at = 0;
  let last = after;
  let isLast = false;
  /** The page behind this one: it is read while this one is compared. */
  let ahead: Promise<readonly ScannedRecord<unknown>[]> | undefined;

  const scanAfter = async (key: string | undefined): Promise<readonly ScannedRecord<unknown>[]> =>
    side.records!.scan({ after: key, to, limit: pageSize });

  async function fill(): Promise<void> {
    if (at < page.length || isLast) return;
    const scanned = await (ahead ?? scanAfter(last));
    isLast = scanned.length < pageSize;
    for (const { key } of scanned) {
      inOrder(place, `${side.name}.records.scan`, last, key);
      last = key;
    }
    const beyond = to === undefined ? -1 : scanned.findIndex(({ key }) => byBytes(key, to) > 0);
    if (beyond >= 0) isLast = true;
    page = beyond < 0 ? scanned : scanned.slice(0, beyond);
    at = 0;
    await pace(page.length);
    ahead = isLast ? undefined : scanAfter(last);
    // The next `fill` rejects by it.
    ahead?.catch(() => undefined);
  }

  return {
    fill,
    peek: () => page[at],
    next() {
      at += 1;
    },
    get isEmpty() {
      return at >= page.length && !isLast;
    },
  };
}

/** @throws {SidelaneError} `invalid-state` where a key does not come after another */
export function inOrder(place: string, what: string, before: string | undefined, key: string): void {
  if (before === undefined || byBytes(before, key) < 0) return;
  refuse(
    "invalid-state",
    `${place}.reconcile`,
    `\`${what}\` returned ${JSON.stringify(key)} after ${JSON.stringify(before)}. Order by the bytes of the keys: \`COLLATE "C"\` in PostgreSQL`,
  );
}
