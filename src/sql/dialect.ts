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
  /** Statements that read what a report is made of. */
  readonly reading: (prefix: string) => ReadingStatements;
  /** One statement with one parameter, a JSON array of one row: what happened to a rollout. */
  insertEvent(prefix: string): string;
}

/** What a report reads; each row has text in the columns that are named. */
export interface ReadingStatements {
  /** `process`, `number` (its `n`), `type`, `record` of the next 500 rows of `minutes` behind those three (parameters 1 to 3, as text). */
  readonly minutes: string;
  /** `record`s of events. */
  readonly events: string;
  /** `result_id` and `detail` of results whose process told nothing since parameters 1 and 2, the same time, each process's in the order in which they were made. */
  readonly untold: string;
  /** `first_ms` and `last_ms` of all results since parameter 1. */
  readonly span: string;
  /** `process` and `results`: how many came after the last counts of a process that told them since parameters 1 and 2, the same time. */
  readonly uncounted: string;
  /** `result_id` and `detail` of the first three of each kind of mismatch since parameter 1. */
  readonly examples: string;
}

/** Which database the statements are for. */
export type DialectName = "sqlite" | "postgresql";
