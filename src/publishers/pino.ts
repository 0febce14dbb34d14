import { checkOptions, type OptionCheck } from "../model/check-options.ts";
import { oneOf, optionsOf, required, settle, type OptionTable } from "../model/option-table.ts";
import type { Publisher } from "../model/publisher.ts";
import type { ResultKind } from "../model/result.ts";
import { presentationOf, privacyTable, type PrivacyOptions } from "../records/privacy-options.ts";
import { whenPresented } from "../records/present.ts";
import { redactedEvent } from "../records/redacted-event.ts";
import { sentenceOf, sentenceOfEvent } from "../records/sentence.ts";

export type { PrivacyOptions } from "../records/privacy-options.ts";
export type { RedactOptions } from "../records/redaction.ts";

/** A method that takes fields first and then a message, as pino, bunyan and Fastify's and Nest's pino loggers have it. */
export type LogMethod = (fields: object, message: string) => void;

/** The part of a logger that is used. */
export interface Logger {
  info: LogMethod;
  warn: LogMethod;
  debug?: LogMethod;
  error?: LogMethod;
  /** Calls back when everything is written, as pino does. */
  flush?(done: (error?: Error) => void): void;
}

/** The methods of a logger that are called, mildest first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What `pinoPublisher` takes: a logger, and the level of each kind. */
export interface PinoPublisherOptions extends PrivacyOptions {
  /** Receives one line per published result. */
  readonly logger: Logger;
  /**
   * The level of each kind; results of a kind that is `off` are not even delivered. By default `match` is off, `ignored` is
   * info, `inconclusive`, `timed-out` and `mismatch` are warn.
   */
  readonly levels?: Readonly<Partial<Record<ResultKind, LogLevel | "off">>>;
}

const defaultLevels: Readonly<Record<ResultKind, LogLevel | "off">> = {
  match: "off",
  ignored: "info",
  inconclusive: "warn",
  "timed-out": "warn",
  mismatch: "warn",
};

const aLevel = oneOf("debug", "info", "warn", "error", "off");

/** The options of `pinoPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const pinoTable: OptionTable<PinoPublisherOptions, "values"> = {
  logger: required({
    takes: "a logger",
    check: (check, option, got) => {
      if ((typeof got !== "object" || got === null) && typeof got !== "function") check.fail(option, "a logger", got);
      const { info, warn } = got as Partial<Record<"info" | "warn", unknown>>;
      check.function(`${option}.info`, info);
      check.function(`${option}.warn`, warn);
    },
  }),
  levels: optionsOf<Readonly<Record<ResultKind, unknown>>>("an object of levels by kind", {
    match: aLevel,
    ignored: aLevel,
    inconclusive: aLevel,
    "timed-out": aLevel,
    mismatch: aLevel,
  }),
  ...privacyTable,
};

/** Events that ask for a look. */
const warnings: ReadonlySet<string> = new Set([
  ...["rolled-back", "regressed", "switched-off", "stalled", "no-traffic"],
  ...["not-sent", "no-answer", "no-comparison", "same-target", "separate-sessions"],
  ...["writes-dead", "writes-follower-down", "writes-changes-down", "writes-lagging", "writes-held", "writes-found"],
  ...["writes-unreconciled", "writes-invented", "writes-worker"],
]);

/**
 * Writes results to a logger: one line a result, whose field `sidelane` is the result as plain data (durations in
 * milliseconds, times in milliseconds since 1970), and whose message is a sentence for people, such as
 * `price: rules differs at $.total (value)`. What happens to a rollout is logged too: rolling back, stalling, missing
 * traffic, and what holds parallel writes up as warn, the rest as info.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://github.com/pinojs/pino/blob/main/docs/api.md#logger
 * @example pinoPublisher({ logger: pino() })
 */
export function pinoPublisher(options: PinoPublisherOptions): Publisher {
  const check: OptionCheck = checkOptions("pinoPublisher");
  const { logger, levels: given = {}, ...privacy } = settle(check, pinoTable, options);
  for (const level of Object.values(given)) {
    if (level !== "off") check.function(`logger.${level}`, logger[level]);
  }
  const levels = { ...defaultLevels, ...given };
  const presentation = presentationOf(privacy, "pinoPublisher");
  const kinds = (Object.keys(levels) as ResultKind[]).filter((kind) => levels[kind] !== "off");
  return {
    name: "pino",
    kinds,
    publish(result) {
      const level = levels[result.kind];
      if (level === "off") return undefined;
      return whenPresented(result, presentation, (presented) => {
        const sentences = presented.candidates.map((candidate) => sentenceOf(presented, candidate));
        logger[level]?.({ sidelane: presented }, sentences.join("; "));
      });
    },
    publishEvent(event) {
      const level = warnings.has(event.kind) ? "warn" : "info";
      logger[level]({ sidelane: redactedEvent(event) }, sentenceOfEvent(event));
    },
    flush: () => flushed(logger),
  };
}

function flushed(logger: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    if (typeof logger.flush !== "function") {
      resolve();
      return;
    }
    logger.flush((error) => (error ? reject(error) : resolve()));
  });
}
