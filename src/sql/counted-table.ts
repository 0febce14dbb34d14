/** A column, and its type in each database. */
export interface Column {
  readonly name: string;
  readonly type: "text" | "whole" | "number";
}

/**
 * A table of exact counts, one row for each process: what each tally record added is added up, and where counts stand is as
 * the last record has it. A record that is written twice counts once, since its number `n` is not larger.
 */
interface CountedTable {
  readonly name: string;
  readonly key: readonly string[];
  readonly added: readonly string[];
  readonly standing: readonly Column[];
}

/** How a database spells what differs. */
export interface Spelling {
  readonly types: Readonly<Record<Column["type"], string>>;
  /** Reads the given rows, in the order of these columns. */
  select(columns: readonly Column[], orderedBy: readonly string[]): string;
}

export const countedTables: Readonly<Record<"counts" | "verdicts", CountedTable>> = {
  counts: {
    name: "counts",
    key: ["process", "experiment"],
    added: ["calls", "started", "skipped", "served", "fell_back", "new_groups", "faults"],
    standing: [
      { name: "stage", type: "text" },
      { name: "share", type: "number" },
      { name: "synchronized", type: "whole" },
      { name: "in_flight", type: "whole" },
      { name: "groups", type: "whole" },
      { name: "last_at_ms", type: "whole" },
    ],
  },
  verdicts: {
    name: "verdicts",
    key: ["process", "experiment", "candidate"],
    added: [
      ...["matched", "mismatched", "ignored", "inconclusive", "timed_out"],
      ...["candidate_errors", "control_errors"],
    ],
    standing: [
      { name: "verdict", type: "text" },
      { name: "mismatch_upper_bound", type: "number" },
      { name: "units_missing", type: "number" },
      { name: "last_at_ms", type: "whole" },
    ],
  },
};

function columnsOf({ key, added, standing }: CountedTable): readonly Column[] {
  return [
    ...key.map((name) => ({ name, type: "text" }) as const),
    { name: "n", type: "whole" },
    ...added.map((name) => ({ name, type: "whole" }) as const),
    ...standing,
  ];
}

export function createCounted(table: CountedTable, prefix: string, { types }: Spelling): string {
  const required = new Set([...table.key, "n", ...table.added]);
  const columns = columnsOf(table).map(
    ({ name, type }) => `  ${name} ${types[type]}${required.has(name) ? " NOT NULL" : ""}`,
  );
  return `CREATE TABLE IF NOT EXISTS ${prefix}${table.name} (
${columns.join(",\n")},
  PRIMARY KEY (${table.key.join(", ")})
)`;
}

export function insertCounted(table: CountedTable, prefix: string, { select }: Spelling): string {
  const columns = columnsOf(table);
  const names = columns.map(({ name }) => name);
  const sets = [
    ...table.added.map((name) => `${name} = known.${name} + excluded.${name}`),
    ...["n", ...table.standing.map(({ name }) => name)].map((name) => `${name} = excluded.${name}`),
  ];
  return `INSERT INTO ${prefix}${table.name} AS known (${names.join(", ")})
${select(columns, table.key)}
ON CONFLICT (${table.key.join(", ")}) DO UPDATE SET
  ${sets.join(",\n  ")}
WHERE excluded.n > known.n`;
}

const eventKey: readonly string[] = ["experiment", "at_ms", "kind", "to_epoch", "process"];
const eventColumns: readonly Column[] = [
  { name: "experiment", type: "text" },
  { name: "at_ms", type: "whole" },
  { name: "kind", type: "text" },
  { name: "from_stage", type: "text" },
  { name: "from_share", type: "number" },
  { name: "to_stage", type: "text" },
  { name: "to_share", type: "number" },
  { name: "to_epoch", type: "whole" },
  { name: "process", type: "text" },
  { name: "version", type: "text" },
  { name: "asked_by", type: "text" },
  { name: "reason", type: "text" },
  { name: "record", type: "text" },
];

/** What happened to rollouts, once each. */
export function createEvents(prefix: string, { types }: Spelling): string {
  const columns = eventColumns.map(
    ({ name, type }) => `  ${name} ${types[type]}${name === "version" ? "" : " NOT NULL"}`,
  );
  return `CREATE TABLE IF NOT EXISTS ${prefix}events (
${columns.join(",\n")},
  PRIMARY KEY (${eventKey.join(", ")})
)`;
}

export function insertEvents(prefix: string, { select }: Spelling): string {
  return `INSERT INTO ${prefix}events (${eventColumns.map(({ name }) => name).join(", ")})
${select(eventColumns, eventKey)}
ON CONFLICT (${eventKey.join(", ")}) DO NOTHING`;
}
