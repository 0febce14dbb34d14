import type { Operation } from "./operation.ts";
import type { Fence } from "./outbox/store.ts";
import type { WritesServices } from "./services.ts";
import type { Side } from "./side.ts";

/** What is taken down with an operation. */
export interface TakenDown {
  readonly tx: unknown;
  readonly fence: Fence;
  /** Drawn anew for every attempt. */
  readonly token: string;
  /** As JSON. */
  readonly facts: string | null;
}

/**
 * Takes down an operation for the other side to follow; its id alone where nobody follows. Last in the transaction, so that the heads
 * of the keys are held as shortly as can be.
 *
 * @returns `false` where the id has been written in the meantime
 */
export function takeDown(
  { schema }: Pick<WritesServices, "schema">,
  { store, stream }: Side,
  { id, digest, keys, text, bucket }: Operation<unknown>,
  { tx, fence, token, facts }: TakenDown,
): Promise<boolean> {
  const entry = { id, token, digest, facts };
  if (!fence.follows) return store.remember(tx, { ...stream, ...entry });
  return store.enqueue(tx, {
    ...stream,
    entry: { ...entry, keys, op: text, schema, bucket, generation: fence.generation },
  });
}
