import { createHash } from "node:crypto";

/** What is used of a pool or client of `pg` 8: anything of the same shape will do. */
export interface PostgresqlClient {
  query(sql: string, parameters: unknown[]): PromiseLike<{ readonly rows: readonly object[] }>;
}

/** What is used of `pg` 8 where statements are prepared. */
interface NamingClient {
  query(statement: {
    readonly name: string;
    readonly text: string;
    readonly values: unknown[];
  }): PromiseLike<{ readonly rows: readonly object[] }>;
}

export type Run = (
  on: PostgresqlClient,
  sql: string,
  values: unknown[],
) => PromiseLike<{ readonly rows: readonly object[] }>;

/** A statement was not planned on the connection that it met: its transaction is to be run again, and finds none that are. */
export class Unplanned extends Error {
  /** As PostgreSQL says it of what may succeed when it is run again. */
  readonly code = "40001";
}

const asText: Run = (on, sql, values) => on.query(sql, values);

/** Has each statement planned once a connection. Its name is of its text: two outboxes may share a connection. */
function byName(): Run {
  const names = new Map<string, string>();
  return (on, text, values) => {
    const name = names.get(text) ?? `sidelane_${createHash("sha256").update(text).digest("hex").slice(0, 32)}`;
    names.set(text, name);
    return (on as unknown as NamingClient).query({ name, text, values });
  };
}

/**
 * Runs statements, each planned once a connection where that can be.
 *
 * @param prepared whether it can; `undefined` where it is to be found out: with `pg`, until a pool between it and the server hands
 *   its connections on
 * @param pool what is in no transaction
 */
export function plannedStatements(prepared: boolean | undefined, pool: PostgresqlClient): Run {
  if (prepared === false) return asText;
  const named = byName();
  if (prepared === true) return named;
  let areHandedOn = false;
  return async (on, sql, values) => {
    if (areHandedOn || !isOfPg(on)) return asText(on, sql, values);
    try {
      return await named(on, sql, values);
    } catch (error) {
      if (!isUnknownName(error)) throw error;
      areHandedOn = true;
      if (on === pool) return asText(on, sql, values);
      throw new Unplanned("a pool between `pg` and PostgreSQL hands connections on: nothing is prepared from here on", {
        cause: error,
      });
    }
  };
}

/** A pool or a client of `pg` 8 in JavaScript. */
function isOfPg(on: object): boolean {
  const { totalCount, Client, connection } = on as Readonly<Record<string, unknown>>;
  if (typeof totalCount === "number") return typeof Client === "function";
  return typeof connection === "object" && connection !== null && "parsedStatements" in connection;
}

/** The name is not there, or is there already. */
function isUnknownName(error: unknown): boolean {
  const code: unknown = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return code === "26000" || code === "42P05";
}
