import { syncOf, type AnsweredAlone } from "./shared.ts";
import type { Report, Sync } from "./store.ts";

/** Whether PostgreSQL refused what a statement was given, such as a name that is too long for an index: classes 22 and 54. */
export function isOfData(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /^(?:22|54)/.test(code);
}

/** Exchanges for each report by itself. @throws where all are refused */
export async function eachAlone(
  given: readonly Report[],
  exchange: (given: readonly Report[]) => PromiseLike<Sync>,
): Promise<Sync> {
  const answered = given.map(async (report): Promise<AnsweredAlone> => {
    try {
      const { now, states } = await exchange([report]);
      return { now, answer: states[report.experiment] ?? {} };
    } catch (error) {
      return { answer: { failed: error } };
    }
  });
  return syncOf(given, await Promise.all(answered));
}
