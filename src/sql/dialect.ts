/** One step of the schema. Applied in order; each statement does nothing when it has run before. */
export interface Migration {
  /** 1, 2, 3, … A published step never changes: what comes later is a step of its own. */
  readonly version: number;
  /** One SQL statement each, without parameters. */
  readonly statements: readonly string[];
}

/** What differs between databases. */
export interface Dialect {
  migrations(prefix: string): readonly Migration[];
  /** One statement with one parameter, a JSON array of rows: the results not yet there, and their counts. */
  insert(prefix: string): string;
  /** One statement with one parameter, a JSON array of counts by experiment and reason: added to those that are there. */
  insertSkips(prefix: string): string;
  /** One statement with one parameter, a JSON array of rows: what exact counts add, and where each experiment stands. */
  insertCounts(prefix: string): string;
  /** The same, for each candidate. */
  insertVerdicts(prefix: string): string;
  /** The same, for rows of one minute. */
  insertMinutes(prefix: string): string;
  /** One statement a table with one parameter, milliseconds since 1970 as text: removes what is older. */
  prune(prefix: string): readonly string[];
  /** One statement with one parameter, a JSON array of one row: what happened to a rollout. */
  insertEvent(prefix: string): string;
}

export type DialectName = "sqlite" | "postgresql";
