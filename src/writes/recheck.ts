import { compared, confirmed } from "./confirm.ts";
import type { Marks } from "./gates.ts";
import { inParallel } from "./in-parallel.ts";
import type { Comparer } from "./comparer.ts";
import { directions, type WritesServices } from "./services.ts";
import { bothRecords, readBoth } from "./standing.ts";

const pageSize = 500;
const atOnce = 16;

/** Records that still have to be looked at once nothing is on its way. */
export interface Looked {
  readonly moving: readonly string[];
}

interface Range {
  readonly bucket: number;
  /** Those that operations of this number or a higher one have touched. */
  readonly since: Marks;
}

/**
 * Compares the records that were touched since all were, while writes go on.
 *
 * @param between called between two pages
 * @returns those that kept moving; or that some differ, as a sentence
 */
export async function lookAhead(
  services: WritesServices,
  compare: Comparer,
  range: Range,
  between: () => Promise<unknown>,
): Promise<Looked | string> {
  const moving: string[] = [];
  const differing: string[] = [];
  for await (const keys of touched(services, range)) {
    await inParallel(keys, atOnce, async (key) => {
      if (differing.length > 0) return;
      const both = await bothRecords(services, directions(services), key);
      const kind = both === undefined ? undefined : compared(both, compare)?.kind;
      if (kind === "match" || kind === "ignored") return;
      const confirmation = kind === "mismatch" ? await confirmed(services, compare, key) : "inconclusive";
      if (confirmation === "inconclusive") moving.push(key);
      else if (confirmation !== undefined) differing.push(key);
    });
    if (differing.length > 0) return sentence(range.bucket, differing);
    if (keys.length === pageSize) await between();
  }
  return { moving };
}

/**
 * Compares the records that were touched, and those that kept moving before, while nothing is on its way.
 *
 * @param until by the clock's monotonic time
 * @returns that some differ, or that it took too long, as a sentence; `undefined` where all are equal
 */
export async function lookAtLast(
  services: WritesServices,
  compare: Comparer,
  { moving, until, ...range }: Range & Looked & { readonly until: number },
): Promise<string | undefined> {
  const { clock, sides } = services;
  const differing: string[] = [];
  const look = (keys: readonly string[]): Promise<void> =>
    inParallel(keys, atOnce, async (key) => {
      if (differing.length > 0 || clock.monotonic() >= until) return;
      const kind = compared(await readBoth(sides, key), compare)?.kind;
      if (kind === "match" || kind === "ignored") return;
      if ((await confirmed(services, compare, key)) !== undefined) differing.push(key);
    });
  await look(moving);
  for await (const keys of touched(services, range)) {
    await look(keys);
    if (differing.length > 0 || clock.monotonic() >= until) break;
  }
  if (differing.length > 0) return sentence(range.bucket, differing);
  if (clock.monotonic() < until) return undefined;
  return `looking at the records of bucket ${range.bucket} again took more than 5 s`;
}

async function* touched(services: WritesServices, { bucket, since }: Range): AsyncGenerator<readonly string[]> {
  for (const { from } of directions(services)) {
    let after: string | undefined;
    for (;;) {
      const of = { ...from.stream, bucket, since: since[from.name], after, limit: pageSize };
      const keys = await from.once((tx) => from.store.touched(tx, of));
      if (keys.length > 0) yield keys;
      if (keys.length < pageSize) break;
      after = keys.at(-1);
    }
  }
}

function sentence(bucket: number, keys: readonly string[]): string {
  const shown = keys.map((key) => JSON.stringify(key)).join(", ");
  return `${keys.length} records of bucket ${bucket} differ since the last reconciliation: ${shown}`;
}
