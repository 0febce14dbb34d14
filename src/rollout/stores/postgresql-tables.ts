import { createHash } from "node:crypto";

/**
 * The statements that make the tables, each to be run on its own and in this order. They may be run in any number of processes at
 * once, and again: what is there needs no right to make it. PostgreSQL 12 or later.
 *
 * @param schema of the tables; `public` by default
 */
export function migrations(schema = "public"): readonly string[] {
  const at = named(schema);
  const tag = tagBeside(schema);
  const table = (name: string, kind: string, columns: string): string =>
    `IF to_regclass(${literal(at(name))}) IS NULL THEN CREATE ${kind} ${at(name)} ${columns}; END IF;`;
  return [
    `DO ${tag} BEGIN
PERFORM pg_advisory_xact_lock(7596553795);
IF to_regnamespace(${literal(quoted(schema))}) IS NULL THEN CREATE SCHEMA ${quoted(schema)}; END IF;
${table(
  "sidelane_rollouts",
  "TABLE",
  `(
  experiment text PRIMARY KEY,
  id text NOT NULL,
  state text NOT NULL,
  version text,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  verdict text,
  verdict_at double precision,
  kept text,
  judge text,
  judge_until timestamptz,
  judge_fence bigint NOT NULL DEFAULT 0
)`,
)}
${table(
  "sidelane_reports",
  "UNLOGGED TABLE",
  `(
  experiment text NOT NULL,
  process text NOT NULL,
  version text,
  at timestamptz NOT NULL,
  report text NOT NULL,
  PRIMARY KEY (experiment, process)
) WITH (fillfactor = 50)`,
)}
${table(
  "sidelane_units",
  "UNLOGGED TABLE",
  `(
  seq bigserial PRIMARY KEY,
  experiment text NOT NULL,
  epoch bigint NOT NULL,
  version text,
  units text NOT NULL
)`,
)}
IF to_regclass(${literal(at("sidelane_units_by_experiment"))}) IS NULL THEN
  CREATE INDEX sidelane_units_by_experiment ON ${at("sidelane_units")} (experiment, seq);
END IF;
END ${tag}`,
  ];
}

/** What quotes a block in which a schema is named. */
function tagBeside(schema: string): string {
  let tag = "$sidelane$";
  for (let attempt = 1; schema.includes(tag); attempt++) tag = `$sidelane${attempt}$`;
  return tag;
}

/** As `E'…'`, which is the same whatever `standard_conforming_strings` is. */
function literal(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names tables in a schema. */
export function named(schema: string): (table: string) => string {
  return (table) => `${quoted(schema)}.${table}`;
}

// A channel has fewer than 64 bytes, and is the same without quotes only where it is in small letters.
const isShort = /^[a-z0-9_]{1,45}$/;

/** Where changes of the rollouts in a schema are told. */
export function channelOf(schema: string): string {
  return `sidelane_rollouts_${isShort.test(schema) ? schema : hashOf(schema)}`;
}

function hashOf(schema: string): string {
  return createHash("sha256").update(schema).digest("hex").slice(0, 32);
}
