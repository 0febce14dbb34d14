import { claimKey, releaseKey } from "./intent/intents.ts";
import type { Direction } from "./services.ts";

/**
 * Copies one key's whole record to the follower: the key's head is held meanwhile, so that no operation on it commits between the
 * number that is read and the record. What the head has come to counts as followed.
 *
 * @param bucket where the key has no head yet
 * @returns `false` where an operation on the key is on its way to an authority without transactions: nothing is copied then
 */
export async function copyKey({ from, to }: Direction, key: string, bucket: number): Promise<boolean> {
  const isByIntent = from.lookup !== undefined;
  // Both are kept in one database then, which may know one transaction at a time.
  const sharesDatabase = isByIntent || to.lookup !== undefined || from.store === to.store;
  // What is kept of such a side is in another database than its records.
  const isElsewhere = isByIntent || from.changes !== undefined;
  return from.transact(async (tx) => {
    if (isByIntent && !(await claimKey(from.store, tx, from.stream, key))) return false;
    const { seq, generation } = await from.store.holdHead(tx, { ...from.stream, key, bucket });
    const record = await from.read(key, isElsewhere ? undefined : tx);
    const put = async (followerTx: unknown): Promise<void> => {
      // The position first: a worker that is in the middle of an earlier operation on the key is waited for, or steps back.
      await to.store.place(followerTx, { ...from.stream, key, seq, generation });
      await to.copy!(key, record as never, to.lookup === undefined ? followerTx : undefined);
    };
    await (sharesDatabase ? put(tx) : to.transact(put));
    if (isByIntent) await releaseKey(from.store, tx, from.stream, key);
    return true;
  });
}
