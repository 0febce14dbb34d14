import { copyKey } from "./copy.ts";
import type { OutboxRow, Position } from "./outbox/store.ts";
import type { Direction, WritesServices } from "./services.ts";
import type { Side } from "./side.ts";

/** An operation that no further try will bring across. */
export class DeadOperation extends Error {}

/** What one try came to: it is on the follower now, it was there, or an earlier operation is not there yet. */
export type Followed = "applied" | "already" | "waits";

const mostRounds = 5;

/**
 * Brings one operation to the follower, in its turn and once, however many workers try it: in one transaction its write and the
 * numbers that its keys have come to.
 *
 * @throws {DeadOperation} where no further try will help; else whatever failed
 */
export async function follow(services: WritesServices, direction: Direction, row: OutboxRow): Promise<Followed> {
  const op = operationIn(services, row);
  if (op === undefined) return "waits";
  const facts: unknown = row.facts === null ? undefined : JSON.parse(row.facts);
  const { to, from } = direction;
  for (let round = 1; round <= mostRounds; round++) {
    let isOvertaken = false;
    let came = "waits" as Followed | "copy";
    try {
      await to.transact(async (tx) => {
        isOvertaken = false;
        came = await stepOf(direction, row, tx);
        if (came === "already") await to.store.advance(tx, { ...from.stream, row, follower: to.name, keys: [] });
        if (came !== "applied") return;
        await to.write(op.value, tx, { facts, id: row.id });
        if (await to.store.advance(tx, { ...from.stream, row, follower: to.name, keys: row.keys })) return;
        isOvertaken = true;
        throw new Error("another worker was first");
      });
    } catch (error) {
      if (!isOvertaken) throw error;
      continue;
    }
    if (came !== "copy") return came;
    for (const key of row.keys) await copyKey(direction, key, row.bucket);
  }
  return "waits";
}

async function stepOf({ from, to }: Direction, row: OutboxRow, tx: unknown): Promise<Followed | "copy"> {
  if (row.keys.length === 0) {
    const known = await to.store.known(tx, { ...to.stream, id: row.id });
    return known?.token === row.token ? "already" : "applied";
  }
  const positions = await to.store.positions(tx, { ...from.stream, keys: row.keys });
  return turnOf(row, positions, to);
}

/** Whose turn it is, by the numbers of its keys. */
function turnOf(row: OutboxRow, positions: readonly (Position | undefined)[], to: Side): Followed | "copy" {
  const canCopy = to.copy !== undefined;
  // Control has seen every key: it was the authority before.
  const isNew = to.name === "candidate" && positions.includes(undefined);
  const missed = positions.some((each) => each !== undefined && each.generation < row.generation);
  if (canCopy && (missed || isNew)) return "copy";
  if (missed) {
    throw new DeadOperation(
      "the follower has missed operations while nobody followed, and has no `copy` to catch up by",
    );
  }
  const ahead = row.seqs.map((seq, index) => seq - (positions[index]?.seq ?? 0));
  if (ahead.every((each) => each <= 0)) return "already";
  if (ahead.every((each) => each === 1)) return "applied";
  if (ahead.some((each) => each > 1)) return "waits";
  if (canCopy) return "copy";
  throw new DeadOperation(
    "it is followed for some of its keys and not for others, and there is no `copy` to catch up by",
  );
}

/** The operation, made of this schema; `undefined` where it is of a later one, which is for newer processes. */
function operationIn({ schema, options }: WritesServices, row: OutboxRow): { readonly value: unknown } | undefined {
  const op: unknown = JSON.parse(row.op);
  if (row.schema === schema) return { value: op };
  if (row.schema > schema) return undefined;
  if (options.upgrade === undefined) {
    throw new DeadOperation(`it is of schema ${row.schema}, this is ${schema}, and there is no \`upgrade\``);
  }
  return { value: options.upgrade(op, row.schema) };
}
