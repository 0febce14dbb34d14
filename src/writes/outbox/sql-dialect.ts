import type { Row } from "./rows.ts";
import type { OutboxStore, StreamOf } from "./store.ts";
import type { Table } from "./tables.ts";

/** One statement of a transaction, with `$1`, `$2`, … for its parameters; text, whole numbers or null. */
export type Query = (
  tx: unknown,
  sql: string,
  parameters: readonly (string | number | null)[],
) => Promise<readonly Row[]>;

/** What differs between the databases of SQL. */
export interface OutboxDialect {
  readonly query: Query;
  readonly table: (table: Table) => string;
  /** The time now, in milliseconds since 1970, as an expression. */
  readonly now: () => string;
  /** The elements of a JSON array in a parameter, as a query with the column `value`. */
  readonly list: (parameter: string) => string;
  /** Whether a column is among what a query returns: a few, to be looked up by an index. */
  readonly among: (column: string, query: string) => string;
  /**
   * Rows of `$1` and `$2` that an own column, of which each value has at most one, finds by the elements of a JSON array in `$3`: each by the
   * index, whatever the database takes for the size of the table.
   */
  readonly rowsOf: (columns: string, table: Table, own: string) => string;
  /** Ends a query whose rows are to be held in share, or alone, or left to others that hold them. */
  readonly hold: (how: "share" | "update" | "skip", table: string) => string;
  /** A deletion and another one that is done first, as statements with the same parameters: one, where the database runs it outside a transaction. */
  readonly deleting: (first: string, then: string) => readonly string[];
  /** Waits for the lock of a bucket: in share, or alone. */
  readonly lockBucket: (tx: unknown, of: StreamOf, bucket: number) => Promise<void>;
  readonly enter: OutboxStore["enter"];
  readonly enqueue: OutboxStore["enqueue"];
  readonly advance: OutboxStore["advance"];
  readonly prepare: OutboxStore["prepare"];
  /** What {@link OutboxStore.mark} returns, as an expression. */
  readonly mark: string;
  /** The last position in the outbox that was ever handed out, as an expression. */
  readonly latest: string;
  readonly snapshot?: OutboxStore["snapshot"];
  readonly outside?: OutboxStore["outside"];
}
