import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import type { Publisher } from "../model/publisher.ts";
import type { Result } from "../model/result.ts";
import { presentationOf, privacyOptions, type PrivacyOptions } from "../records/privacy-options.ts";
import { inSlices } from "../records/in-slices.ts";
import { present, type Presentation } from "../records/present.ts";

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

export interface RedisStreamPublisherOptions extends PrivacyOptions {
  /** Connected. With ioredis, hand in `{ xAdd: (key, id, fields, { TRIM }) => redis.xadd(key, 'MAXLEN', '~', …) }`. */
  readonly client: RedisStreamClient;
  /** The stream's key; `sidelane:results` by default. */
  readonly key?: string;
  /** About how many entries the stream keeps: Redis drops the oldest beyond it. 100 000 by default. */
  readonly maxLength?: number;
}

/**
 * Appends results to a Redis stream: one entry a result, with the fields `id`, `experiment`, `kind`, and `result`, which is
 * the result as JSON (durations in milliseconds, times in milliseconds since 1970).
 *
 * A batch goes out in one go, pipelined by the client, in order.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://redis.io/docs/latest/commands/xadd/
 * @example redisStreamPublisher({ client: await createClient().connect() })
 */
export function redisStreamPublisher(options: RedisStreamPublisherOptions): Publisher {
  const presentation = check(options);
  const { client, key = "sidelane:results", maxLength = 100_000 } = options;
  const trim = { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: maxLength } } as const;

  const fieldsOf = (result: Result): Record<string, string> => {
    const { id, experiment, kind } = result;
    return { id, experiment, kind, result: JSON.stringify(present(result, presentation)) };
  };
  const append = async (fields: Record<string, string>): Promise<void> => {
    await client.xAdd(key, "*", fields, trim);
  };

  return {
    name: "redis-stream",
    publish: (result) => append(fieldsOf(result)),
    publishBatch: async (results) => {
      await Promise.all((await inSlices(results, fieldsOf)).map(append));
    },
  };
}

function check(options: RedisStreamPublisherOptions): Presentation {
  const check: OptionCheck = checkOptions("redisStreamPublisher");
  check.object("options", options);
  check.known(options, ["client", "key", "maxLength", ...privacyOptions]);
  const { client, key, maxLength } = options;
  check.object("client", client);
  check.function("client.xAdd", (client as { xAdd?: unknown }).xAdd);
  if (key !== undefined) check.text("key", key);
  if (maxLength !== undefined) check.number("maxLength", maxLength, { min: 1, max: 2 ** 53, integer: true });
  return presentationOf(options, check, "redisStreamPublisher");
}
