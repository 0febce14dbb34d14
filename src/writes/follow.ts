import { takenIdOf } from "./changes/taken-id.ts";
import { copyKey } from "./copy.ts";
import { messageOf } from "./errors.ts";
import { claimOn, claimRow, releaseRow, writeClaimed } from "./intent/follow-by-intent.ts";
import { jsonOf } from "./operation.ts";
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
  const about: Told = { op: op.value, facts };
  for (let round = 1; round <= mostRounds; round++) {
    const came = await (direction.to.lookup === undefined ? tryOnce : tryByIntent)(services, direction, row, about);
    if (came === "overtaken") continue;
    if (came !== "copy") return came;
    for (const key of row.keys) if (!(await copyKey(direction, key, row.bucket))) return "waits";
  }
  return "waits";
}

interface Told {
  readonly op: unknown;
  readonly facts: unknown;
}

/** What one round came to: another worker was first, or the records of the keys are to be copied. */
type Came = Followed | "copy" | "overtaken";

async function tryOnce(_: WritesServices, { to, from }: Direction, row: OutboxRow, { op, facts }: Told): Promise<Came> {
  let isOvertaken = false;
  let came = "waits" as Came;
  try {
    await to.transact(async (tx) => {
      isOvertaken = false;
      came = await stepOf({ from, to }, row, tx);
      if (came === "already") await to.store.advance(tx, { ...from.stream, row, follower: to.name, keys: [] });
      if (came !== "applied") return;
      await to.write(op, tx, { facts, id: row.id });
      if (await to.store.advance(tx, { ...from.stream, row, follower: to.name, keys: row.keys })) return;
      isOvertaken = true;
      throw new Error("another worker was first");
    });
  } catch (error) {
    if (isOvertaken) return "overtaken";
    throw error;
  }
  return came;
}

/**
 * The same on a follower without transactions: the intent first, then the write, then the numbers of the keys. Its turn is read
 * once nobody else can move them.
 */
async function tryByIntent(
  services: WritesServices,
  { to, from }: Direction,
  row: OutboxRow,
  told: Told,
): Promise<Came> {
  const { store } = to;
  const claim = claimOn(to, row);
  const claimed = await claimRow(services, to, claim);
  if (claimed === undefined) return "waits";
  let came = "waits" as Came;
  await to.transact(async (tx) => {
    came = await stepOf({ from, to }, row, tx);
    if (came === "already") await store.advance(tx, { ...from.stream, row, follower: to.name, keys: [] });
    if (came !== "applied") await releaseRow(store, tx, claim);
  });
  if (came !== "applied") return came;
  await writeClaimed(services, to, { claim, ...claimed, row, ...told });
  await to.transact(async (tx) => {
    // What another attempt has noted meanwhile is noted once.
    if ((await stepOf({ from, to }, row, tx)) === "applied") {
      await store.advance(tx, { ...from.stream, row, follower: to.name, keys: row.keys });
    }
    await releaseRow(store, tx, claim);
  });
  return "applied";
}

async function stepOf({ from, to }: Direction, row: OutboxRow, tx: unknown): Promise<Followed | "copy"> {
  const step = await turnIn({ from, to }, row, tx);
  const taken = step === "applied" && from.changes !== undefined ? takenIdOf(row) : undefined;
  if (taken === undefined) return step;
  throw new DeadOperation(`control has yielded two operations under the id ${JSON.stringify(taken)}`);
}

async function turnIn({ from, to }: Direction, row: OutboxRow, tx: unknown): Promise<Followed | "copy"> {
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
function operationIn(
  { schema, options, place }: WritesServices,
  row: OutboxRow,
): { readonly value: unknown } | undefined {
  const op: unknown = JSON.parse(row.op);
  if (row.schema === schema) return { value: op };
  if (row.schema > schema) return undefined;
  if (options.upgrade === undefined) {
    throw new DeadOperation(`it is of schema ${row.schema}, this is ${schema}, and there is no \`upgrade\``);
  }
  const value = options.upgrade(op, row.schema);
  try {
    jsonOf(place, "what `upgrade` returns", value);
  } catch (error) {
    throw new DeadOperation(messageOf(error));
  }
  return { value };
}
