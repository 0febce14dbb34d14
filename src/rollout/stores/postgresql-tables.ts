import { createHash } from "node:crypto";

/**
 * The statements that make the tables, each to be run on its own and in this order. They may be run in any number of processes at
 * once, and again. PostgreSQL 12 or later.
 *
 * @param schema of the tables; `public` by default
 */
export function migrations(schema = "public"): readonly string[] {
  const at = named(schema);
  return [
    `DO $sidelane$ BEGIN
PERFORM pg_advisory_xact_lock(7596553795);
CREATE SCHEMA IF NOT EXISTS ${quoted(schema)};
CREATE TABLE IF NOT EXISTS ${at("sidelane_rollouts")} (
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
);
CREATE UNLOGGED TABLE IF NOT EXISTS ${at("sidelane_reports")} (
  experiment text NOT NULL,
  process text NOT NULL,
  version text,
  at timestamptz NOT NULL,
  report text NOT NULL,
  PRIMARY KEY (experiment, process)
) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE IF NOT EXISTS ${at("sidelane_units")} (
  seq bigserial PRIMARY KEY,
  experiment text NOT NULL,
  epoch bigint NOT NULL,
  version text,
  units text NOT NULL
);
CREATE INDEX IF NOT EXISTS sidelane_units_by_experiment ON ${at("sidelane_units")} (experiment, seq);
END $sidelane$`,
  ];
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
