import type { Publisher, PublisherHost } from "../../model/publisher.ts";
import type { Result } from "../../model/result.ts";
import { isLarge } from "../../records/result-bytes.ts";
import { atOnce, inSlices, type Steps } from "../../records/in-slices.ts";

/**
 * A publisher around another one: it passes on what `pass` returns for a result, and everything else as it is. A `pass` that
 * throws is a fault, and its result is not passed on: it might be one that should have been redacted or left out.
 */
export function through(
  inner: Publisher,
  pass: (result: Result) => Result | undefined,
  own: Partial<Publisher> = {},
): Publisher {
  return throughSteps(
    inner,
    // One step, with nothing to pause in.
    function* (result) {
      return pass(result);
    },
    own,
    false,
  );
}

/** As {@link through}, in steps: with a large result, what is `slow` pauses between them. */
export function throughSteps(
  inner: Publisher,
  pass: (result: Result) => Steps<Result | undefined>,
  own: Partial<Publisher> = {},
  slow = true,
): Publisher {
  let host: PublisherHost | undefined;
  function* guarded(result: Result): Steps<Result | undefined> {
    try {
      return yield* pass(result);
    } catch (error) {
      host?.onFault({ operation: "publish", error, publisher: inner.name, experiment: result.experiment });
      return undefined;
    }
  }
  return {
    ...forwarded(inner),
    attach(given) {
      host = given;
      inner.attach?.(given);
    },
    publish(result) {
      const passOn = (passed: Result | undefined): void | PromiseLike<void> => passed && inner.publish(passed);
      if (!slow || !isLarge(result)) return passOn(atOnce(guarded(result)));
      return inSlices([result], guarded).then(([passed]) => passOn(passed));
    },
    ...(inner.publishBatch && {
      async publishBatch(results: readonly Result[]) {
        const passed = (await inSlices(results, guarded)).filter((result) => result !== undefined);
        if (passed.length > 0) await inner.publishBatch!(passed);
      },
    }),
    ...own,
  };
}

/** All but what carries results, called on the inner publisher itself. */
export function forwarded(inner: Publisher): Omit<Publisher, "publish" | "publishBatch" | "attach"> {
  return {
    name: inner.name,
    ...(inner.kinds && { kinds: inner.kinds }),
    ...(inner.idempotent !== undefined && { idempotent: inner.idempotent }),
    ...(inner.publishEvent && { publishEvent: (event) => inner.publishEvent!(event) }),
    ...(inner.publishTally && { publishTally: (tally) => inner.publishTally!(tally) }),
    ...(inner.publishTallyBatch && { publishTallyBatch: (tallies) => inner.publishTallyBatch!(tallies) }),
    ...(inner.onSkip && { onSkip: (experiment, reason) => inner.onSkip!(experiment, reason) }),
    ...(inner.onInFlight && { onInFlight: (experiment, change) => inner.onInFlight!(experiment, change) }),
    ...(inner.flush && { flush: () => inner.flush!() }),
    ...(inner.close && { close: () => inner.close!() }),
  };
}
