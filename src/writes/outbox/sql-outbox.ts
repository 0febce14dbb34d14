import type { OutboxDialect } from "./sql-dialect.ts";
import { sqlNotes } from "./sql-notes.ts";
import { fenceOf, knownOf, rowOf } from "./rows.ts";
import type { Fence, OutboxStore, Position, StreamOf } from "./store.ts";
import { bucketCount } from "./store.ts";

const columns =
  "op_id, token, digest, keys, seqs, op, facts, schema, bucket, generation, attempts, waits, state, error";

/** An outbox in the tables of a database that speaks SQL. */
export function sqlOutbox(dialect: OutboxDialect): OutboxStore {
  const { query, table: t, now, list, among, rowsOf, hold } = dialect;
  const here = "name = $1 AND side = $2";
  /** What the operations of `$3`, a list, block. */
  const forget = `DELETE FROM ${t("blocked")} WHERE ${here} AND op_id IN (${list("$3")})`;

  async function fences(tx: unknown, { name, side }: StreamOf): Promise<readonly Fence[]> {
    const rows = await query(
      tx,
      `SELECT bucket, authority, moving, follows, generation, epoch FROM ${t("fences")} WHERE ${here} ORDER BY bucket`,
      [name, side],
    );
    return rows.map(fenceOf);
  }

  return {
    prepare: dialect.prepare,
    ...(dialect.outside !== undefined && { outside: dialect.outside }),
    ...sqlNotes(dialect),
    ...(dialect.snapshot !== undefined && { snapshot: dialect.snapshot }),
    enter: dialect.enter,
    enqueue: dialect.enqueue,
    advance: dialect.advance,
    fences,

    async found(tx, { name, side, follows }) {
      if ((await fences(tx, { name, side })).length === bucketCount) return;
      const buckets = JSON.stringify(Array.from({ length: bucketCount }, (_, bucket) => String(bucket)));
      await query(
        tx,
        `INSERT INTO ${t("fences")} (name, side, bucket, authority, moving, follows, generation, epoch)
SELECT $1, $2, CAST(value AS integer), 'control', 0, $4, 1, 1 FROM (${list("$3")}) AS listed WHERE true
ON CONFLICT (name, side, bucket) DO NOTHING`,
        [name, side, buckets, Number(follows)],
      );
    },

    async changeFence(tx, { name, side, bucket, epoch, to }) {
      await dialect.lockBucket(tx, { name, side }, bucket);
      const changed = await query(
        tx,
        `UPDATE ${t("fences")} SET authority = $5, moving = $6, follows = $7, generation = $8, epoch = epoch + 1
WHERE ${here} AND bucket = $3 AND epoch = $4 RETURNING epoch`,
        [name, side, bucket, epoch, to.authority, Number(to.moving), Number(to.follows), to.generation],
      );
      return changed.length === 1;
    },

    async known(tx, { name, side, id }) {
      const [row] = await query(tx, `SELECT digest, facts, token FROM ${t("ids")} WHERE ${here} AND op_id = $3`, [
        name,
        side,
        id,
      ]);
      return row === undefined ? undefined : knownOf(row);
    },

    async ids(tx, { name, side, after = "", limit }) {
      const rows = await query(
        tx,
        `SELECT op_id, digest, facts, token FROM ${t("ids")} WHERE ${here} AND op_id > $3 ORDER BY op_id LIMIT $4`,
        [name, side, after, limit],
      );
      return rows.map((row) => ({ ...knownOf(row), id: String(row["op_id"]) }));
    },

    async remember(tx, { name, side, id, token, digest, facts }) {
      const rows = await query(
        tx,
        `INSERT INTO ${t("ids")} (name, side, op_id, digest, facts, token, at_ms) VALUES ($1, $2, $3, $4, $5, $6, ${now()})
ON CONFLICT (name, side, op_id) DO NOTHING RETURNING op_id`,
        [name, side, id, digest, facts, token],
      );
      return rows.length === 1;
    },

    async heads(tx, { name, side, keys }) {
      const rows = await query(tx, rowsOf("key, seq", "heads", "key"), [name, side, JSON.stringify(keys)]);
      const found = new Map(rows.map((row) => [String(row["key"]), Number(row["seq"])]));
      return keys.map((key) => found.get(key) ?? 0);
    },

    async holdHead(tx, { name, side, key, bucket }) {
      await query(
        tx,
        `INSERT INTO ${t("heads")} (name, side, key, seq, bucket, touched) VALUES ($1, $2, $3, 0, $4, 0)
ON CONFLICT (name, side, key) DO NOTHING`,
        [name, side, key, bucket],
      );
      const [head] = await query(
        tx,
        `SELECT h.seq, h.bucket FROM ${t("heads")} h WHERE h.name = $1 AND h.side = $2 AND h.key = $3${hold("share", "h")}`,
        [name, side, key],
      );
      const found = Number(head!["bucket"]);
      const [fence] = await query(tx, `SELECT generation FROM ${t("fences")} WHERE ${here} AND bucket = $3`, [
        name,
        side,
        found,
      ]);
      return { seq: Number(head!["seq"]), bucket: found, generation: Number(fence!["generation"]) };
    },

    async take(tx, { name, side, limit, leaseMs, bucket = null }) {
      const rows = await query(
        tx,
        `UPDATE ${t("outbox")} SET next_at = ${now()} + $4 WHERE ${among(
          "position",
          `
  SELECT q.position FROM ${t("outbox")} q
  WHERE q.name = $1 AND q.side = $2 AND q.state = 'due' AND q.next_at <= ${now()}
    AND (CAST($5 AS bigint) IS NULL OR q.bucket = CAST($5 AS bigint)) AND NOT EXISTS (
    SELECT 1 FROM ${t("blocked")} b
    WHERE b.name = q.name AND b.side = q.side AND b.key IN (${list("q.keys")})
  )
  ORDER BY q.position LIMIT $3${hold("skip", "q")}
`,
        )} RETURNING position, ${columns}`,
        [name, side, limit, leaseMs, bucket],
      );
      return [...rows].sort((a, b) => Number(a["position"]) - Number(b["position"])).map(rowOf);
    },

    async acknowledge(tx, { name, side, ids }) {
      const rows = `DELETE FROM ${t("outbox")} WHERE ${among("position", rowsOf("position", "outbox", "op_id"))}`;
      // One may have died in another worker's hands meanwhile.
      for (const each of dialect.deleting(forget, rows)) await query(tx, each, [name, side, JSON.stringify(ids)]);
    },

    async postpone(tx, { name, side, rows }) {
      for (const { id, delayMs, attempts, waits, error } of rows) {
        await query(
          tx,
          `UPDATE ${t("outbox")} SET next_at = ${now()} + $4, attempts = $5, waits = $6, error = $7
WHERE ${here} AND op_id = $3 AND state <> 'dead'`,
          [name, side, id, Math.round(delayMs), attempts, waits, error],
        );
      }
    },

    async bury(tx, { name, side, id, attempts, error }) {
      const [row] = await query(
        tx,
        `UPDATE ${t("outbox")} SET state = 'dead', attempts = $4, error = $5 WHERE ${here} AND op_id = $3 RETURNING keys`,
        [name, side, id, attempts, error],
      );
      if (row === undefined) return;
      await query(
        tx,
        `INSERT INTO ${t("blocked")} (name, side, key, op_id)
SELECT $1, $2, value, $3 FROM (${list("$4")}) AS listed WHERE true ON CONFLICT (name, side, key, op_id) DO NOTHING`,
        [name, side, id, String(row["keys"])],
      );
    },

    async revive(tx, { name, side, id }) {
      await query(tx, forget, [name, side, JSON.stringify([id])]);
      const rows = await query(
        tx,
        `UPDATE ${t("outbox")} SET state = 'due', attempts = 0, waits = 0, next_at = ${now()}
WHERE ${here} AND op_id = $3 AND state = 'dead' RETURNING op_id`,
        [name, side, id],
      );
      return rows.length === 1;
    },

    async find(tx, { name, side, id, key }) {
      const parameters = [name, side, ...(id === undefined ? [] : [id]), ...(key === undefined ? [] : [key])];
      const which =
        id !== undefined ? "op_id = $3"
        : key !== undefined ?
          `state = 'dead' AND op_id IN (SELECT b.op_id FROM ${t("blocked")} b
  WHERE b.name = $1 AND b.side = $2 AND b.key = $3)`
        : "state = 'dead'";
      const rows = await query(
        tx,
        `SELECT ${columns} FROM ${t("outbox")} WHERE ${here} AND ${which} ORDER BY position LIMIT 1000`,
        parameters,
      );
      return rows.map(rowOf);
    },

    async count(tx, { name, side }) {
      const [row] = await query(
        tx,
        `SELECT count(*) AS total, coalesce(${now()} - min(created_at), 0) AS oldest,
  coalesce(min(position), 0) AS first, coalesce(sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), 0) AS dead,
  (SELECT count(DISTINCT key) FROM ${t("blocked")} WHERE ${here}) AS blocked, ${dialect.latest} AS latest
FROM ${t("outbox")} WHERE ${here}`,
        [name, side],
      );
      return {
        rows: Number(row!["total"]),
        oldestMs: Math.max(0, Number(row!["oldest"])),
        dead: Number(row!["dead"]),
        blocked: Number(row!["blocked"]),
        first: Number(row!["first"]),
        latest: Number(row!["latest"]),
      };
    },

    async lagOf(tx, { name, side, bucket }) {
      const [row] = await query(
        tx,
        `SELECT count(*) AS total, coalesce(${now()} - min(created_at), 0) AS oldest,
  coalesce(sum(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), 0) AS failed
FROM ${t("outbox")} WHERE ${here} AND bucket = $3`,
        [name, side, bucket],
      );
      return {
        rows: Number(row!["total"]),
        failed: Number(row!["failed"]),
        oldestMs: Math.max(0, Number(row!["oldest"])),
      };
    },

    async positions(tx, { name, side, keys }) {
      const rows = await query(tx, rowsOf("key, seq, generation", "applied", "key"), [
        name,
        side,
        JSON.stringify(keys),
      ]);
      const found = new Map<string, Position>(
        rows.map((row) => [String(row["key"]), { seq: Number(row["seq"]), generation: Number(row["generation"]) }]),
      );
      return keys.map((key) => found.get(key));
    },

    async place(tx, { name, side, key, seq, generation }) {
      await query(
        tx,
        `INSERT INTO ${t("applied")} AS a (name, side, key, seq, generation) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name, side, key) DO UPDATE SET
  seq = CASE WHEN excluded.seq > a.seq THEN excluded.seq ELSE a.seq END,
  generation = CASE WHEN excluded.generation > a.generation THEN excluded.generation ELSE a.generation END`,
        [name, side, key, seq, generation],
      );
    },
  };
}
