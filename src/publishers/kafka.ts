import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import type { Publisher } from "../model/publisher.ts";
import type { Result } from "../model/result.ts";
import { presentationOf, privacyOptions, type PrivacyOptions } from "../records/privacy-options.ts";
import { inSlices } from "../records/in-slices.ts";
import { present, type Presentation } from "../records/present.ts";

export type { PrivacyOptions } from "../records/privacy-options.ts";
export type { RedactOptions } from "../records/redaction.ts";

/** One message: JSON in `value`, the experiment's name as `key`. */
export interface KafkaMessage {
  key: string;
  value: string;
  /** Milliseconds since 1970, as Kafka clients take it: a text. */
  timestamp: string;
  headers: Record<string, string>;
}

/** The part of a kafkajs producer that is used; `@confluentinc/kafka-javascript` has the same. */
export interface KafkaProducer {
  send(record: { topic: string; messages: KafkaMessage[] }): PromiseLike<unknown>;
}

export interface KafkaPublisherOptions extends PrivacyOptions {
  /** Connected; its own settings decide about acknowledgements, compression and retries. */
  readonly producer: KafkaProducer;
  /** `sidelane.results` by default. */
  readonly topic?: string;
}

/**
 * Sends results to a Kafka topic: one message a result, one request a batch. The value is the result as JSON (durations in
 * milliseconds, times in milliseconds since 1970), the key the experiment, so that the results of one experiment stay in
 * order; the headers `sidelane-id` and `sidelane-kind` let consumers filter without parsing, and drop what arrives twice.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://kafka.js.org/docs/producing
 * @example kafkaPublisher({ producer })
 */
export function kafkaPublisher(options: KafkaPublisherOptions): Publisher {
  const presentation = check(options);
  const { producer, topic = "sidelane.results" } = options;
  const messageOf = (result: Result): KafkaMessage => ({
    key: result.experiment,
    value: JSON.stringify(present(result, presentation)),
    timestamp: String(Math.floor(result.startedAt)),
    headers: { "sidelane-id": result.id, "sidelane-kind": result.kind },
  });
  const send = async (results: readonly Result[]): Promise<void> => {
    if (results.length > 0) await producer.send({ topic, messages: await inSlices(results, messageOf) });
  };
  return { name: "kafka", publish: (result) => send([result]), publishBatch: send };
}

function check(options: KafkaPublisherOptions): Presentation {
  const check: OptionCheck = checkOptions("kafkaPublisher");
  check.object("options", options);
  check.known(options, ["producer", "topic", ...privacyOptions]);
  const { producer, topic } = options;
  check.object("producer", producer);
  check.function("producer.send", (producer as { send?: unknown }).send);
  // https://kafka.apache.org/documentation/#topic-naming: what the broker would refuse at run time.
  if (topic !== undefined && (typeof topic !== "string" || !/^[\w.-]{1,249}$/.test(topic))) {
    check.fail("topic", "1 to 249 letters, digits, dots, dashes or underscores", topic);
  }
  return presentationOf(options, check, "kafkaPublisher");
}
