import { checkOptions } from "../../model/check-options.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import type { Result } from "../../model/result.ts";
import { toPublisher } from "../../model/publisher.ts";
import { weighted } from "../../records/drawn-result.ts";
import { through } from "./wrap-publisher.ts";

// So many kinds are remembered, each a signature of one candidate's; of the one seen longest ago, the next mismatch counts as the
// first again.
const mostSignatures = 1_000;

/**
 * Passes on a share of the results, drawn one by one, and always the first mismatch of each signature of a candidate. What was
 * drawn carries how many results it stands for as `weight`: 1 / `rate`; a first one that was not drawn stands for none.
 *
 * @param rate from 0 to 1
 * @param random from 0 up to 1; `Math.random` by default
 * @throws {SidelaneError} `invalid-option`
 * @example sample(0.01, ndjsonPublisher({ path }))
 */
export function sample(
  rate: number,
  publisher: PublisherLike,
  { random = Math.random }: { readonly random?: () => number } = {},
): Publisher {
  const check = checkOptions("sample");
  check.number("rate", rate, { max: 1 });
  check.function("random", random);
  const seen = new Set<string>();

  function isFirst(result: Result): boolean {
    let first = false;
    for (const { name, comparison } of result.candidates) {
      if (comparison.kind !== "mismatch") continue;
      const kind = JSON.stringify([result.experiment, name, comparison.signature]);
      // Taken out and put back, so that the one seen longest ago is the first of the set.
      first = !seen.delete(kind) || first;
      seen.add(kind);
      if (seen.size > mostSignatures) seen.delete(seen.values().next().value!);
    }
    return first;
  }

  return through(toPublisher(publisher, "sample"), (result) => {
    const first = isFirst(result);
    // A result that was kept beside an earlier draw stays beside this one.
    const weight = result.weight ?? 1;
    if (random() < rate) return rate === 1 ? result : weighted(result, weight / rate, result.first === true);
    return first || result.first === true ? weighted(result, 0, true) : undefined;
  });
}
