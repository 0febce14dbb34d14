import type { Fence, KnownId, OutboxEntry, OutboxRow, SideName } from "./store.ts";

/** A row of a table, as a database's client returns it. */
export type Row = Readonly<Record<string, unknown>>;

export function fenceOf(row: Row): Fence {
  return {
    bucket: Number(row["bucket"]),
    authority: String(row["authority"]) as SideName,
    moving: Number(row["moving"]) === 1,
    follows: Number(row["follows"]) === 1,
    generation: Number(row["generation"]),
    epoch: Number(row["epoch"]),
  };
}

export function knownOf(row: Row): KnownId {
  return { digest: String(row["digest"]), facts: textOf(row["facts"]), token: String(row["token"]) };
}

export function rowOf(row: Row): OutboxRow {
  const entry: OutboxEntry = {
    id: String(row["op_id"]),
    token: String(row["token"]),
    digest: String(row["digest"]),
    keys: JSON.parse(String(row["keys"])) as string[],
    op: String(row["op"]),
    facts: textOf(row["facts"]),
    schema: Number(row["schema"]),
    bucket: Number(row["bucket"]),
    generation: Number(row["generation"]),
  };
  return {
    ...entry,
    seqs: JSON.parse(String(row["seqs"])) as number[],
    attempts: Number(row["attempts"]),
    waits: Number(row["waits"]),
    state: String(row["state"]) as OutboxRow["state"],
    error: textOf(row["error"]),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
