import { SidelaneError } from "../model/errors.ts";
import { copyKey } from "./copy.ts";
import { directions, type WritesServices } from "./services.ts";

/** A key, with the partition that it is in where there is `partition`. */
export type BackfillKey = string | { readonly key: string; readonly partition: string };

/** While an operation on the key is on its way. */
const pauseMs = 100;

/** Copies records that the follower never saw, one after the other. @returns how many */
export async function backfill(
  services: WritesServices,
  keys: Iterable<BackfillKey> | AsyncIterable<BackfillKey>,
): Promise<number> {
  const { authority, place } = services;
  await authority.ready();
  let copied = 0;
  for await (const each of keys) {
    const { key, partition } = typeof each === "string" ? { key: each, partition: undefined } : each;
    const bucket = services.bucketOf(partition);
    const direction = directions(services).find(({ from }) => from.name === authority.of(bucket))!;
    const { from, to } = direction;
    if (to.copy === undefined) {
      throw new SidelaneError("invalid-state", `${place}.backfill: \`${to.name}.copy\` is needed to copy a record`);
    }
    const [position] = await to.once((tx) => to.store.positions(tx, { ...from.stream, keys: [key] }));
    if (position !== undefined) continue;
    while (!(await copyKey(direction, key, bucket))) await services.sleep(pauseMs);
    copied += 1;
  }
  return copied;
}
