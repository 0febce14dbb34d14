import { checkOptions } from "../model/check-options.ts";
import { aText, aWhole, orElse, required, settle, withMethods, type OptionTable } from "../model/option-table.ts";
import type { Publisher } from "../model/publisher.ts";
import type { Result } from "../model/result.ts";
import { presentationOf, privacyTable, type PrivacyOptions } from "../records/privacy-options.ts";
import { inSlices, type Steps } from "../records/in-slices.ts";
import { OwnRecords } from "../records/own-records.ts";
import { presentSteps } from "../records/present.ts";
import type { LineRecord } from "../records/record.ts";

export type { PrivacyOptions } from "../records/privacy-options.ts";
export type { RedactOptions } from "../records/redaction.ts";

/** The part of a node-redis client (the `redis` package, 4 or later) that is used. */
export interface RedisStreamClient {
  xAdd(
    key: string,
    id: "*",
    fields: Record<string, string>,
    options: { TRIM: { strategy: "MAXLEN"; strategyModifier: "~"; threshold: number } },
  ): PromiseLike<unknown>;
}

/** What `redisStreamPublisher` takes: a client, and the key of the stream. */
export interface RedisStreamPublisherOptions extends PrivacyOptions {
  /** Connected. With ioredis, hand in `{ xAdd: (key, id, fields, { TRIM }) => redis.xadd(key, 'MAXLEN', '~', …) }`. */
  readonly client: RedisStreamClient;
  /** The stream's key; `sidelane:results` by default. */
  readonly key?: string;
  /** About how many entries the stream keeps: Redis drops the oldest beyond it. 100 000 by default. */
  readonly maxLength?: number;
}

/** The options of `redisStreamPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const redisStreamTable: OptionTable<RedisStreamPublisherOptions, "key" | "maxLength" | "values"> = {
  client: required(withMethods("a client", "xAdd")),
  key: orElse(aText, "sidelane:results"),
  maxLength: orElse(aWhole({ min: 1, max: 2 ** 53 }), 100_000),
  ...privacyTable,
};

/**
 * Appends records to a Redis stream, those that `docs/records.md` describes. One entry a result, with the fields `type` (`result`),
 * `id`, `experiment`, `kind`, and `result`, which is the result as JSON (durations in milliseconds, times in milliseconds since
 * 1970); one entry for each other record, with its `type`, and `record`, which is the record as JSON.
 *
 * A batch goes out in one go, pipelined by the client, in order.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://redis.io/docs/latest/commands/xadd/
 * @example redisStreamPublisher({ client: await createClient().connect() })
 */
export function redisStreamPublisher(options: RedisStreamPublisherOptions): Publisher {
  const { client, key, maxLength, ...privacy } = settle(
    checkOptions("redisStreamPublisher"),
    redisStreamTable,
    options,
  );
  const presentation = presentationOf(privacy, "redisStreamPublisher");
  const trim = { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: maxLength } } as const;

  function* fieldsOf(result: Result): Steps<Record<string, string>> {
    const { id, experiment, kind } = result;
    const presented = yield* presentSteps(result, presentation);
    return { type: "result", id, experiment, kind, result: JSON.stringify(presented) };
  }
  const append = async (fields: Record<string, string>): Promise<void> => {
    await client.xAdd(key, "*", fields, trim);
  };

  const records = new OwnRecords();
  async function appendRecords(lines: readonly LineRecord[]): Promise<void> {
    const news = records.news();
    const all = [...news, ...lines];
    await Promise.all(all.map((record) => append({ type: record.type, record: JSON.stringify(record) })));
    records.told(news);
  }

  async function publishBatch(results: readonly Result[]): Promise<void> {
    await appendRecords([]);
    await Promise.all((await inSlices(results, fieldsOf)).map(append));
  }

  return {
    name: "redis-stream",
    attach: (host) => records.attach(host),
    publish: (result) => publishBatch([result]),
    publishBatch,
    publishEvent: (event) => appendRecords([records.event(event)]),
    publishTally: (tally) => appendRecords(records.tallies([tally])),
    publishTallyBatch: (tallies) => appendRecords(records.tallies(tallies)),
  };
}
