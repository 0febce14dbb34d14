import type { Cancel, Clock } from "../../model/clock.ts";
import type { ClickhouseRow } from "../../sql/clickhouse.ts";

const rowsAtOnce = 5_000;
const everyMs = 1_000;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

interface Batch {
  readonly table: string;
  readonly rows: readonly ClickhouseRow[];
  /** The same each time that it is tried. */
  readonly token: string;
}

/** Rows that wait to be inserted: some thousands at once, or those of a second. What was not inserted is tried again, as it was. */
export class InsertQueue {
  readonly #insert: (batch: Batch) => PromiseLike<unknown>;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #name: string = crypto.randomUUID();
  readonly #waiting = new Map<string, ClickhouseRow[]>();
  readonly #batches: Batch[] = [];
  #rows = 0;
  #made = 0;
  #draining: Promise<void> | undefined = undefined;
  #cancel: Cancel | undefined = undefined;
  #retryMs = firstRetryMs;
  #isPausing = false;
  onFault: (error: unknown) => void = () => undefined;

  /** @param most rows that wait, at most */
  constructor(insert: (batch: Batch) => PromiseLike<unknown>, clock: Clock, most: number) {
    this.#insert = insert;
    this.#clock = clock;
    this.#most = most;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Takes all of these rows or none. @throws {Error} where there is no room: who offers them keeps them, and counts */
  add(table: string, rows: readonly ClickhouseRow[]): void {
    if (this.#rows + rows.length > this.#most && this.#rows > 0) {
      throw new Error(
        `ClickHouse is slower than its rows come, or down: ${this.#rows} rows wait, and no more are taken`,
      );
    }
    const waiting = this.#waiting.get(table) ?? [];
    this.#waiting.set(table, waiting);
    waiting.push(...rows);
    this.#rows += rows.length;
    if (waiting.length >= rowsAtOnce) this.#seal(table);
    if (this.#batches.length > 0) void this.#work();
    else this.#later(everyMs);
  }

  /** Inserts all that waits. Rejects where an insert fails; what was not inserted waits on. */
  async flush(): Promise<void> {
    for (const table of this.#waiting.keys()) this.#seal(table);
    // Its failure is told where it began.
    await this.#draining?.catch(() => undefined);
    await this.#drain();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #seal(table: string): void {
    const rows = this.#waiting.get(table);
    this.#waiting.delete(table);
    if (rows === undefined || rows.length === 0) return;
    this.#batches.push({ table, rows, token: `${this.#name}-${(this.#made += 1)}` });
  }

  #later(delayMs: number): void {
    this.#cancel ??= this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#isPausing = false;
      for (const table of this.#waiting.keys()) this.#seal(table);
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#draining !== undefined || this.#isPausing) return;
    try {
      await this.#drain();
      if (this.#rows > 0) this.#later(everyMs);
    } catch (error) {
      this.onFault(error);
      this.stop();
      this.#isPausing = true;
      this.#later(this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
    }
  }

  /** One insert after another, so that a server that is slow is asked once. */
  #drain(): Promise<void> {
    return (this.#draining ??= this.#insertAll().finally(() => (this.#draining = undefined)));
  }

  async #insertAll(): Promise<void> {
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      try {
        await this.#insert(batch);
      } catch (error) {
        if (!isAboutRows(error)) throw error;
        this.#divide(batch, error);
        continue;
      }
      this.#batches.shift();
      this.#rows -= batch.rows.length;
      this.#retryMs = firstRetryMs;
    }
  }

  /** What the server cannot take would be refused for ever, and all behind it with it: it is found by halves, and lost alone. */
  #divide({ table, rows, token }: Batch, error: unknown): void {
    this.#batches.shift();
    if (rows.length === 1) {
      this.#rows -= 1;
      this.onFault(error);
      return;
    }
    const middle = Math.ceil(rows.length / 2);
    this.#batches.unshift(
      { table, rows: rows.slice(0, middle), token: `${token}.1` },
      { table, rows: rows.slice(middle), token: `${token}.2` },
    );
  }
}

// Of a row's text, its types, its values and a table's constraints. https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
const codesAboutRows: ReadonlySet<string> = new Set("6 25 26 27 38 41 53 69 70 72 117 131 321 349 407 469".split(" "));

/** Whether the server has refused what it was sent, as an error of `@clickhouse/client` says by its `code`. */
function isAboutRows(error: unknown): boolean {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return codesAboutRows.has(String(code));
}
