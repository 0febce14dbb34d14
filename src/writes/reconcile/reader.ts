import { byBytes } from "../outbox/byte-order.ts";
import type { CheckedRecords } from "../records/checked-records.ts";
import type { KeyRange, ScannedRecord } from "../records/record-store.ts";
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

export function readerOf(records: CheckedRecords, { after, to }: KeyRange, pace: Pace): Reader {
  let page: readonly ScannedRecord<unknown>[] = [];
  let at = 0;
  let last = after;
  let isLast = false;
  /** The page behind this one: it is read while this one is compared. */
  let ahead: Promise<readonly ScannedRecord<unknown>[]> | undefined;

  const scanAfter = (key: string | undefined): Promise<readonly ScannedRecord<unknown>[]> =>
    records.scan({ after: key, to, limit: pageSize });

  async function fill(): Promise<void> {
    if (at < page.length || isLast) return;
    const scanned = await (ahead ?? scanAfter(last));
    last = scanned.at(-1)?.key ?? last;
    const beyond = to === undefined ? -1 : scanned.findIndex(({ key }) => byBytes(key, to) > 0);
    // Not where there are few: what lists them may have a limit of its own.
    isLast = scanned.length === 0 || last === to || beyond >= 0;
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
