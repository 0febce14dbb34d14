import { checkOptions } from "../../model/check-options.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import { resultKinds, type Result, type ResultKind } from "../../model/result.ts";
import { toPublisher } from "../../model/publisher.ts";
import { through } from "./wrap-publisher.ts";

/**
 * Passes on only some results.
 *
 * @param what a kind, several kinds, or a function that says of a result whether to pass it on
 * @throws {SidelaneError} `invalid-option`
 * @example only('mismatch', webhookPublisher({ url }))
 */
export function only(
  what: ResultKind | readonly ResultKind[] | ((result: Result) => boolean),
  publisher: PublisherLike,
): Publisher {
  const inner = toPublisher(publisher, "only");
  if (typeof what === "function") return through(inner, (result) => (what(result) ? result : undefined));
  const check = checkOptions("only");
  const kinds: readonly ResultKind[] = typeof what === "string" ? [what] : what;
  const given: unknown = kinds;
  if (!Array.isArray(given) || given.length === 0) check.fail("what", "a kind, several kinds, or a function", what);
  for (const kind of kinds) check.oneOf("what", kind, resultKinds);
  const both = inner.kinds ? kinds.filter((kind) => inner.kinds!.includes(kind)) : kinds;
  return through(inner, (result) => (both.includes(result.kind) ? result : undefined), { kinds: both });
}
