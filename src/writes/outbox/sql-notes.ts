import type { OutboxDialect } from "./sql-dialect.ts";
import type { OutboxStore } from "./store.ts";

type Notes = Pick<OutboxStore, "mark" | "touched" | "keep" | "claim" | "kept" | "note" | "history" | "prune">;

/** What an outbox in tables knows of what happened: marks between operations, notes, the history. */
export function sqlNotes(dialect: OutboxDialect): Notes {
  const { query, table: t, now } = dialect;
  const here = "name = $1 AND side = $2";
  return {
    async mark(tx) {
      const [row] = await query(tx, `SELECT ${dialect.mark} AS mark`, []);
      return Number(row!["mark"]);
    },

    async touched(tx, { name, side, bucket, since, after = "", limit }) {
      const rows = await query(
        tx,
        `SELECT key FROM ${t("heads")} WHERE ${here} AND key > $3 AND bucket = $4 AND touched >= $5 ORDER BY key LIMIT $6`,
        [name, side, after, bucket, since, limit],
      );
      return rows.map((row) => String(row["key"]));
    },

    async keep(tx, { name, side, item, value }) {
      if (value === null) {
        await query(tx, `DELETE FROM ${t("kept")} WHERE ${here} AND item = $3`, [name, side, item]);
        return;
      }
      await query(
        tx,
        `INSERT INTO ${t("kept")} (name, side, item, value, at_ms) VALUES ($1, $2, $3, $4, ${now()})
ON CONFLICT (name, side, item) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms`,
        [name, side, item, value],
      );
    },

    async claim(tx, { name, side, item, value }) {
      const rows = await query(
        tx,
        `INSERT INTO ${t("kept")} (name, side, item, value, at_ms) VALUES ($1, $2, $3, $4, ${now()})
ON CONFLICT (name, side, item) DO NOTHING RETURNING item`,
        [name, side, item, value],
      );
      return rows.length === 1;
    },

    async kept(tx, { name, side, prefix }) {
      const rows = await query(
        tx,
        `SELECT item, value, ${now()} - at_ms AS age FROM ${t("kept")}
WHERE ${here} AND substr(item, 1, length(CAST($3 AS text))) = CAST($3 AS text) ORDER BY item`,
        [name, side, prefix],
      );
      return rows.map((row) => ({
        item: String(row["item"]),
        value: String(row["value"]),
        ageMs: Number(row["age"]),
      }));
    },

    async note(tx, { name, side, entry }) {
      await query(
        tx,
        `INSERT INTO ${t("write_history")} (name, side, at_ms, kind, subject, by_whom, reason)
VALUES ($1, $2, ${now()}, $3, $4, $5, $6)`,
        [name, side, entry.kind, entry.subject, entry.by, entry.reason],
      );
    },

    async history(tx, { name, side }) {
      const rows = await query(
        tx,
        `SELECT at_ms, ${now()} - at_ms AS age, kind, subject, by_whom, reason FROM ${t("write_history")}
WHERE ${here} ORDER BY position DESC LIMIT 1000`,
        [name, side],
      );
      return rows.map((row) => ({
        at: Number(row["at_ms"]),
        ageMs: Number(row["age"]),
        kind: String(row["kind"]),
        subject: String(row["subject"]),
        by: String(row["by_whom"]),
        reason: String(row["reason"]),
      }));
    },

    async prune(tx, { name, side, olderThanMs }) {
      const rows = await query(
        tx,
        `DELETE FROM ${t("ids")} WHERE ${here} AND at_ms < (SELECT ${now()} - $3) RETURNING op_id`,
        [name, side, olderThanMs],
      );
      return rows.length;
    },
  };
}
