import { checkOptions } from "../../model/check-options.ts";
import type { Publisher, PublisherLike } from "../../model/publisher.ts";
import type { TallyRecord } from "../../model/tally-record.ts";
import type { Result, ResultKind } from "../../model/result.ts";
import { toPublisher } from "../../model/publisher.ts";

/**
 * One publisher made of several, behind one queue: each gets every result of the kinds that it asks for, and none keeps
 * another one from it. Fails when one of them fails, with an `AggregateError` that says which.
 *
 * Publishers that should not wait for each other belong side by side into the laboratory's `publishers` instead.
 *
 * @throws {SidelaneError} `invalid-option`
 */
export function all(...publishers: readonly PublisherLike[]): Publisher {
  if (publishers.length === 0) checkOptions("all").fail("publishers", "at least one publisher", undefined);
  const inner = publishers.map((publisher) => toPublisher(publisher, "all"));
  const each = (work: (publisher: Publisher) => unknown): Promise<void> => together(inner, work);
  const kinds = kindsOf(inner);
  return {
    name: `all(${inner.map(({ name }) => name).join(", ")})`,
    idempotent: inner.every(({ idempotent }) => idempotent === true),
    ...(kinds && { kinds }),
    attach(host) {
      for (const publisher of inner) publisher.attach?.(host);
    },
    publish: (result) => each((publisher) => publishTo(publisher, [result])),
    publishBatch: (results) => each((publisher) => publishTo(publisher, results)),
    publishEvent: (event) => each((publisher) => publisher.publishEvent?.(event)),
    ...(inner.some(({ publishTally }) => publishTally !== undefined) && {
      publishTally: (tally: TallyRecord) => each((publisher) => publisher.publishTally?.(tally)),
      publishTallyBatch: (tallies: readonly TallyRecord[]) => each((publisher) => talliesTo(publisher, tallies)),
    }),
    onSkip(experiment, reason) {
      for (const publisher of inner) publisher.onSkip?.(experiment, reason);
    },
    onInFlight(experiment, change) {
      for (const publisher of inner) publisher.onInFlight?.(experiment, change);
    },
    flush: () => each((publisher) => publisher.flush?.()),
    close: () => each((publisher) => publisher.close?.()),
  };
}

async function together(publishers: readonly Publisher[], work: (publisher: Publisher) => unknown): Promise<void> {
  // One that throws synchronously must not keep the next from its turn.
  const started = publishers.map((publisher) => Promise.resolve().then(() => work(publisher)));
  const settled = await Promise.allSettled(started);
  const failed = publishers.filter((_, index) => settled[index]!.status === "rejected");
  if (failed.length === 0) return;
  const errors = settled.filter((each) => each.status === "rejected").map(({ reason }): unknown => reason);
  throw new AggregateError(errors, `Failed: ${failed.map(({ name }) => name).join(", ")}`);
}

async function publishTo(publisher: Publisher, results: readonly Result[]): Promise<void> {
  const wanted = results.filter(({ kind }) => publisher.kinds?.includes(kind) ?? true);
  if (wanted.length === 0) return;
  if (publisher.publishBatch) await publisher.publishBatch(wanted);
  else for (const result of wanted) await publisher.publish(result);
}

async function talliesTo(publisher: Publisher, tallies: readonly TallyRecord[]): Promise<void> {
  if (publisher.publishTally && publisher.publishTallyBatch) await publisher.publishTallyBatch(tallies);
  else for (const tally of tallies) await publisher.publishTally?.(tally);
}

/** All kinds that a publisher asks for; `undefined` when one asks for all. */
function kindsOf(publishers: readonly Publisher[]): readonly ResultKind[] | undefined {
  const asked = publishers.map(({ kinds }) => kinds);
  return asked.every((kinds) => kinds !== undefined) ? [...new Set(asked.flat())] : undefined;
}
