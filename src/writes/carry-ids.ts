import type { Fence } from "./outbox/store.ts";
import type { WritesServices } from "./services.ts";

const item = "ids-carried";
const pageSize = 200;
/** How long ids are carried before the worker follows again. */
const longestTurnMs = 250;

/**
 * Has the candidate know the ids that control took down while nobody followed, so that none of them is written once more when the authority
 * has moved. All others came with their operations.
 *
 * @returns why that is not done yet, or `undefined`; called with control's fences, all of which follow
 */
export function carryingIds({
  clock,
  sides,
}: WritesServices): (fences: readonly Fence[]) => Promise<string | undefined> {
  const { control, candidate } = sides;
  let done = 1;
  let after: string | undefined;
  let carried = 0;
  return async (fences) => {
    const generation = Math.max(...fences.map((fence) => fence.generation));
    if (generation <= done) return undefined;
    const [kept] = await candidate.once((tx) => candidate.store.kept(tx, { ...candidate.stream, prefix: item }));
    if (Number(kept?.value ?? 1) >= generation) {
      done = generation;
      return undefined;
    }
    const startedAt = clock.monotonic();
    for (;;) {
      const page = await control.once((tx) => control.store.ids(tx, { ...control.stream, after, limit: pageSize }));
      await candidate.transact(async (tx) => {
        // Under a token of its own: of one that waits to be followed it must not pass for having been.
        for (const known of page) {
          await candidate.store.remember(tx, { ...candidate.stream, ...known, token: `carried ${known.token}` });
        }
      });
      carried += page.length;
      after = page.at(-1)?.id;
      if (after === undefined || page.length < pageSize) break;
      if (clock.monotonic() - startedAt > longestTurnMs) {
        return `${carried} ids that were written while nobody followed are carried over, and not all of them yet`;
      }
    }
    await candidate.transact((tx) =>
      candidate.store.keep(tx, { ...candidate.stream, item, value: String(generation) }),
    );
    [done, after, carried] = [generation, undefined, 0];
    return undefined;
  };
}
