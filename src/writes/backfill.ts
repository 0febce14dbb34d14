import { describe } from "../model/check-options.ts";
import { copyKey } from "./copy.ts";
import { refuse } from "./errors.ts";
import { nameOf } from "./operation.ts";
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
  const { authority } = services;
  const place = `${services.place}.backfill`;
  if (!isList(keys))
    refuse("invalid-option", place, `expected \`keys\` to be a list or an iterable, got ${describe(keys)}`);
  await authority.ready();
  let copied = 0;
  for await (const each of keys) {
    const given: Partial<Exclude<BackfillKey, string>> | null = typeof each === "string" ? { key: each } : each;
    const key = nameOf(place, "keys", given?.key);
    // Of a key without one the side that is asked would not be its authority.
    const partition = services.options.partition && nameOf(place, "partition", given?.partition);
    const bucket = services.bucketOf(partition);
    const direction = directions(services).find(({ from }) => from.name === authority.of(bucket))!;
    const { from, to } = direction;
    if (to.copy === undefined) {
      refuse("invalid-state", place, `\`${to.name}.copy\` is needed to copy a record`);
    }
    const [position] = await to.once((tx) => to.store.positions(tx, { ...from.stream, keys: [key] }));
    if (position !== undefined) continue;
    while (!(await copyKey(direction, key, bucket))) await services.sleep(pauseMs);
    copied += 1;
  }
  return copied;
}

/** Not a text, which is a list of letters. */
function isList(keys: unknown): boolean {
  return typeof keys === "object" && keys !== null && (Symbol.iterator in keys || Symbol.asyncIterator in keys);
}
