import { causesOf, sendInHalves } from "./in-halves.ts";
import { checkOptions } from "../model/check-options.ts";
import { orElse, required, settle, where, withMethods, type OptionTable } from "../model/option-table.ts";
import type { Publisher } from "../model/publisher.ts";
import type { Result } from "../model/result.ts";
import { presentationOf, privacyTable, type PrivacyOptions } from "../records/privacy-options.ts";
import { inSlices, type Steps } from "../records/in-slices.ts";
import { OwnRecords } from "../records/own-records.ts";
import { presentSteps, type Presentation } from "../records/present.ts";
import type { LineRecord } from "../records/record.ts";

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

/** What `kafkaPublisher` takes: a producer, and its topic. */
export interface KafkaPublisherOptions extends PrivacyOptions {
  /** Connected; its own settings decide about acknowledgements, compression and retries. */
  readonly producer: KafkaProducer;
  /** `sidelane.results` by default. */
  readonly topic?: string;
}

/** The options of `kafkaPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const kafkaTable: OptionTable<KafkaPublisherOptions, "topic" | "values"> = {
  producer: required(withMethods("a producer", "send")),
  topic: orElse(
    // https://kafka.apache.org/documentation/#topic-naming: what the broker would refuse at run time.
    where(
      "1 to 249 letters, digits, dots, dashes or underscores",
      (got) => typeof got === "string" && /^[\w.-]{1,249}$/.test(got),
    ),
    "sidelane.results",
  ),
  ...privacyTable,
};

/**
 * Sends records to a Kafka topic, those that `docs/records.md` describes: one message a record, requests of at most 1 MB. A result that
 * alone is larger goes without its values; what the broker refuses for good is lost alone, and a fault says so. The value is the
 * record as JSON (durations in milliseconds, times in milliseconds since 1970), the key the experiment, or the process where it belongs to none, so that those of one experiment stay in order. The header
 * `sidelane-type` says what it is; `sidelane-id` and `sidelane-kind` of results let consumers filter without parsing, and drop what
 * arrives twice.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://kafka.js.org/docs/producing
 * @example kafkaPublisher({ producer })
 */
export function kafkaPublisher(options: KafkaPublisherOptions): Publisher {
  const { producer, topic, ...privacy } = settle(checkOptions("kafkaPublisher"), kafkaTable, options);
  const presentation = presentationOf(privacy, "kafkaPublisher");
  const hidden: Presentation = { ...presentation, values: "hidden" };
  function* messageOf(result: Result, by: Presentation): Steps<KafkaMessage> {
    return {
      key: result.experiment.slice(0, longestKey),
      value: JSON.stringify(yield* presentSteps(result, by)),
      timestamp: String(Math.floor(result.startedAt)),
      headers: { "sidelane-type": "result", "sidelane-id": result.id, "sidelane-kind": result.kind },
    };
  }
  const records = new OwnRecords();
  const recordOf = (record: LineRecord): KafkaMessage => ({
    key: ("experiment" in record && record.experiment !== undefined ? record.experiment : (record.process ?? "")).slice(
      0,
      longestKey,
    ),
    value: JSON.stringify(record),
    timestamp: String(
      Math.floor(
        "at" in record ? record.at
        : "to" in record ? record.to
        : record.startedAt,
      ),
    ),
    headers: { "sidelane-type": record.type },
  });
  const sizeOf = ({ value, key }: KafkaMessage): number => bytesIn(value) + bytesIn(key) + 300;

  function* fittingMessageOf(result: Result): Steps<KafkaMessage> {
    const message = yield* messageOf(result, presentation);
    return sizeOf(message) > largestMessage ? yield* messageOf(result, hidden) : message;
  }

  async function send(results: readonly Result[]): Promise<void> {
    const messages = await inSlices(results, fittingMessageOf);
    const news = records.news();
    await sendAll([...news.map(recordOf), ...messages]);
    records.told(news);
  }

  let report: (error: unknown) => void = () => undefined;
  const sendPart = (part: readonly KafkaMessage[]): Promise<void> =>
    sendInHalves(part, (messages) => producer.send({ topic, messages: [...messages] }), isAboutMessages, report);

  async function sendAll(all: readonly KafkaMessage[]): Promise<void> {
    let messages: KafkaMessage[] = [];
    let size = 0;
    for (const message of all) {
      if (messages.length > 0 && size + sizeOf(message) > largestMessage) {
        await sendPart(messages);
        messages = [];
        size = 0;
      }
      messages.push(message);
      size += sizeOf(message);
    }
    if (messages.length > 0) await sendPart(messages);
  }

  async function sendRecords(lines: readonly LineRecord[]): Promise<void> {
    const news = records.news();
    await sendAll([...news, ...lines].map(recordOf));
    records.told(news);
  }

  return {
    name: "kafka",
    attach(host) {
      report = (error) => host.onFault({ operation: "publish", error });
      records.attach(host);
    },
    publish: (result) => send([result]),
    publishBatch: send,
    publishEvent: (event) => sendRecords([records.event(event)]),
    publishTally: (tally) => sendRecords(records.tallies([tally])),
    publishTallyBatch: (tallies) => sendRecords(records.tallies(tallies)),
  };
}

const encoder = new TextEncoder();

function bytesIn(text: string): number {
  return encoder.encode(text).length;
}

// Too large, a list that is too large, not valid. https://kafka.apache.org/protocol.html#protocol_error_codes
const codesAboutMessages: readonly unknown[] = [10, 18, 87];

/** Whether the broker has refused what it was sent, for good. */
function isAboutMessages(error: unknown): boolean {
  return [...causesOf(error)].some(({ code }) => codesAboutMessages.includes(code));
}

// A broker's default for `message.max.bytes` is 1 048 588, and it counts a request's messages of one partition together.
const largestMessage = 1_000_000;
const longestKey = 1_000;
