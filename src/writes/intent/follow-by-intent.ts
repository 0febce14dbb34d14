import type { OutboxRow, OutboxStore, StreamOf } from "../outbox/store.ts";
import type { WritesServices } from "../services.ts";
import type { Side } from "../side.ts";
import { renewing } from "./intents.ts";

/** Of an operation that is on its way to a follower without transactions. */
const itemOf = ({ id }: OutboxRow): string => `following:${id}`;

interface Claim {
  readonly of: StreamOf & { readonly item: string };
  readonly token: string;
}

/** In the place of a token, of an attempt that could not find out what became of it. */
const inDoubt = "in doubt";

/** A claim of this attempt's own. */
export function claimOn(to: Side, row: OutboxRow): Claim {
  return { of: { ...to.stream, item: itemOf(row) }, token: globalThis.crypto.randomUUID() };
}

function claimOnce(store: OutboxStore, tx: unknown, { of, token }: Claim): Promise<boolean> {
  return store.claim(tx, { ...of, value: token });
}

export function releaseRow(store: OutboxStore, tx: unknown, { of }: Claim): Promise<void> {
  return store.keep(tx, { ...of, value: null });
}

async function holderOf(
  { store, once }: Side,
  { of }: Claim,
): Promise<{ readonly token: string; readonly ageMs: number } | undefined> {
  const kept = await once((tx) => store.kept(tx, { ...of, prefix: of.item }));
  const held = kept.find(({ item }) => item === of.item);
  return held === undefined ? undefined : { token: held.value, ageMs: held.ageMs };
}

/** Takes over what an attempt has left that is older than a lease. @returns whether it is this one's now */
async function takeOver(to: Side, claim: Claim, leaseMs: number): Promise<boolean> {
  const holder = await holderOf(to, claim);
  if (holder !== undefined && holder.token !== inDoubt && holder.ageMs < leaseMs) return false;
  return to.transact(async (tx) => {
    await releaseRow(to.store, tx, claim);
    // Of two that do so at once the second finds the first one's claim.
    return claimOnce(to.store, tx, claim);
  });
}

/**
 * Has nobody else write the operation from here on, and takes over what was left of it.
 *
 * @returns whether it was left in doubt, for `lookup` to decide; `undefined` where another attempt is at it
 */
export async function claimRow(
  { options }: WritesServices,
  to: Side,
  claim: Claim,
): Promise<{ readonly isInDoubt: boolean } | undefined> {
  if (await to.once((tx) => claimOnce(to.store, tx, claim))) return { isInDoubt: false };
  return (await takeOver(to, claim, options.leaseMs!)) ? { isInDoubt: true } : undefined;
}

/** Writes a claimed operation on a follower without transactions. Where it is in doubt `lookup` is asked first. */
export async function writeClaimed(
  { clock, options }: WritesServices,
  to: Side,
  {
    claim,
    isInDoubt,
    op,
    row,
    facts,
  }: {
    readonly claim: Claim;
    readonly isInDoubt: boolean;
    readonly op: unknown;
    readonly row: OutboxRow;
    readonly facts: unknown;
  },
): Promise<void> {
  const isWritten = async (): Promise<boolean> => {
    try {
      return (await to.lookup!(row.id, op)) !== undefined;
    } catch (error) {
      await to.transact((tx) => to.store.keep(tx, { ...claim.of, value: inDoubt }));
      throw error;
    }
  };
  if (isInDoubt && (await isWritten())) return;
  const renew = (): Promise<unknown> => to.transact((tx) => to.store.keep(tx, { ...claim.of, value: claim.token }));
  try {
    await renewing(clock, options.leaseMs!, renew, () => to.write(op, undefined, { facts, id: row.id }));
  } catch (error) {
    // Where that fails, too, the next try asks.
    if (await isWritten()) return;
    await to.transact((tx) => releaseRow(to.store, tx, claim));
    throw error;
  }
}
