import { AlreadyWrittenError, refuse } from "./errors.ts";
import { jsonOf, type Operation } from "./operation.ts";
import type { Fence, KnownId } from "./outbox/store.ts";
import type { WritesServices } from "./services.ts";

/** The side was not the authority when it was asked: nothing is written. */
export class NotTheAuthority extends Error {
  readonly fence: Fence;
  constructor(fence: Fence) {
    super("this side is not the authority");
    this.fence = fence;
  }
}

/** Another transaction has taken down the id, or is at the operation or one on the same keys: to be tried again. */
export class Overtaken extends Error {}

/** Entering failed, before anything of the caller's was done. */
export class FenceFailed extends Error {}

/** What `facts` makes of a result, as JSON. */
export function factsText({ options, place }: WritesServices, result: unknown): string | null {
  const given = options.facts?.(result);
  return given === undefined ? null : jsonOf(place, "`facts`", given);
}

/** Answers for an id that is written already. */
export function answerAgain(
  { options, place }: WritesServices,
  { op, id, digest }: Operation<unknown>,
  known: KnownId,
): unknown {
  if (known.digest !== digest) {
    const mend = "An id stands for one operation: take another for this one";
    return refuse("id-taken", place, `another operation was written as ${JSON.stringify(id)}. ${mend}`);
  }
  const facts: unknown = known.facts === null ? undefined : JSON.parse(known.facts);
  if (options.again === undefined) throw new AlreadyWrittenError(place, id, facts);
  return options.again(op, facts);
}

/** Whether a database has ended a transaction that may succeed when it is run again: serialization failures and deadlocks. */
export function isConflict(error: unknown): boolean {
  const code: unknown = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return code === "40001" || code === "40P01";
}
