import type { Direction } from "./services.ts";

/**
 * Copies one key's whole record to the follower: the key's head is held meanwhile, so that no operation on it commits between the
 * number that is read and the record. What the head has come to counts as followed.
 *
 * @param bucket where the key has no head yet
 */
export async function copyKey({ from, to }: Direction, key: string, bucket: number): Promise<void> {
  await from.transact(async (tx) => {
    const { seq, generation } = await from.store.holdHead(tx, { ...from.stream, key, bucket });
    const record = await from.read(key, tx);
    await to.transact(async (followerTx) => {
      // The position first: a worker that is in the middle of an earlier operation on the key is waited for, or steps back.
      await to.store.place(followerTx, { ...from.stream, key, seq, generation });
      await to.copy!(key, record as never, followerTx);
    });
  });
}
