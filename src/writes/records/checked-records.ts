import { describe } from "../../model/check-options.ts";
import { refuse } from "../errors.ts";
import { byBytes } from "../outbox/byte-order.ts";
import type { Side } from "../side.ts";
import type { Digest, KeyRange, ScannedRecord } from "./record-store.ts";

/** The records of a side, as far as they are what they are said to be: what is none must not pass for records that are equal. */
export interface CheckedRecords {
  /** @throws {SidelaneError} `invalid-state` where it is no list of records in the byte order of their keys */
  scan(range: KeyRange & { readonly limit: number }): Promise<readonly ScannedRecord<unknown>[]>;
  /** @throws {SidelaneError} `invalid-state` where it is no list of digests in the byte order of their last keys */
  digests(range: KeyRange & { readonly parts: number }): Promise<readonly Digest[]>;
}

/** @param place for error messages, such as `parallelWrites("payments")` */
export function checkedRecords(place: string, { name, records }: Pick<Side, "name" | "records">): CheckedRecords {
  const at = `${place}.reconcile`;

  function inOrder(what: string, after: string | undefined, keys: readonly string[]): void {
    let last = after;
    for (const key of keys) {
      if (last !== undefined && byBytes(last, key) >= 0) {
        const mend = 'Return what comes after `after`, ordered by the bytes of the keys: `COLLATE "C"` in PostgreSQL';
        refuse(
          "invalid-state",
          at,
          `\`${what}\` returned ${JSON.stringify(key)} after ${JSON.stringify(last)}. ${mend}`,
        );
      }
      last = key;
    }
  }

  return {
    async scan(range) {
      const what = `${name}.records.scan`;
      const found = listOf(at, what, await records!.scan(range), "`{ key, record }`", isRecord);
      inOrder(
        what,
        range.after,
        found.map(({ key }) => key),
      );
      return found;
    },
    async digests({ parts, ...range }) {
      const what = `${name}.records.digests`;
      const found = listOf(
        at,
        what,
        await records!.digests!({ ...range, parts }),
        "`{ to, count, sums }` of whole numbers",
        isDigest,
      );
      inOrder(
        what,
        range.after,
        found.map(({ to }) => to),
      );
      return found;
    },
  };
}

function listOf<Each>(
  at: string,
  what: string,
  got: unknown,
  expected: string,
  is: (each: unknown) => each is Each,
): readonly Each[] {
  const fail = (shown: unknown): never =>
    refuse("invalid-state", at, `expected \`${what}\` to return a list of ${expected}, got ${describe(shown)}`);
  if (!Array.isArray(got)) return fail(got);
  for (const each of got as unknown[]) if (!is(each)) return fail(each);
  return got as Each[];
}

function isRecord(each: unknown): each is ScannedRecord<unknown> {
  return typeof each === "object" && each !== null && "key" in each && typeof each.key === "string";
}

function isDigest(each: unknown): each is Digest {
  if (typeof each !== "object" || each === null) return false;
  const { to, count, sums } = each as Partial<Digest>;
  return typeof to === "string" && Array.isArray(sums) && sums.length === 2 && [count, ...sums].every(isWhole);
}

function isWhole(got: unknown): boolean {
  return typeof got === "bigint" || Number.isInteger(got) || (typeof got === "string" && /^-?\d+$/.test(got));
}
