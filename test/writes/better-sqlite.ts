import { Database } from "node-sqlite3-wasm";

type Value = null | number | bigint | string | Uint8Array;

/** What is used of a prepared statement of `better-sqlite3`. */
interface Statement {
  readonly reader: boolean;
  all(...parameters: Value[]): object[];
  run(...parameters: Value[]): unknown;
}

/**
 * A database in memory that takes what `better-sqlite3` 12 takes, and refuses the rest, by the packages that are installed: parameters of `?`
 * alone, each once; `all` of statements that return rows alone; functions are handed doubles.
 */
export class BetterSqlite {
  readonly #database = new Database(":memory:");

  prepare(sql: string): Statement {
    const reader = /^\s*(SELECT|WITH)|\bRETURNING\b/i.test(sql);
    const bind = (parameters: readonly Value[]): readonly Value[] => {
      const places = sql.replaceAll(/'[^']*'/g, "").match(/\?\d*|\$\d+/g) ?? [];
      const isNamed = places.some((place) => place !== "?");
      if (isNamed || parameters.length > places.length) throw new RangeError("Too many parameter values were provided");
      if (parameters.length < places.length) throw new RangeError("Too few parameter values were provided");
      return parameters;
    };
    return {
      reader,
      all: (...parameters) => {
        if (!reader) throw new TypeError("This statement does not return data. Use run() instead");
        return this.#database.all(sql, bind(parameters) as never);
      },
      run: (...parameters) => {
        if (reader) throw new TypeError("This statement returns data. Use get(), all(), or iterate() instead");
        return this.#database.run(sql, bind(parameters) as never);
      },
    };
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  function(name: string, run: (...values: Value[]) => number | string): void {
    const asDouble = (value: Value): Value => (typeof value === "bigint" ? Number(value) : value);
    this.#database.function(name, (a, b) => run(asDouble(a), asDouble(b)));
  }

  close(): void {
    this.#database.close();
  }
}
