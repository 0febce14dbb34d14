import type { Report, Sync, SyncedState } from "./store.ts";

/** Whether PostgreSQL refused what a statement was given, such as a name that is too long for an index: classes 22 and 54. */
export function isOfData(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /^(?:22|54)/.test(code);
}

/** What is refused of one experiment stops nobody else. @throws where all are refused */
export async function eachAlone(
  given: readonly Report[],
  exchange: (given: readonly Report[]) => PromiseLike<Sync>,
): Promise<Sync> {
  const settled = await Promise.allSettled(given.map(async (report) => exchange([report])));
  const states = Object.create(null) as Record<string, SyncedState>;
  const times: number[] = [];
  for (const [index, each] of settled.entries()) {
    const { experiment } = given[index]!;
    if (each.status === "fulfilled") times.push(each.value.now);
    const answer = each.status === "fulfilled" ? each.value.states[experiment] : { failed: each.reason as unknown };
    states[experiment] = { ...states[experiment], ...answer };
  }
  if (times.length === 0) throw states[given[0]!.experiment]!.failed;
  return { now: Math.max(...times), states };
}
