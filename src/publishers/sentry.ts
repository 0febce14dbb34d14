import { checkOptions } from "../model/check-options.ts";
import { orElse, required, settle, withMethods, type OptionTable } from "../model/option-table.ts";
import type { Publisher } from "../model/publisher.ts";
import { kindOfCandidate, type ResultKind } from "../model/result.ts";
import { kindsRule, presentationOf, privacyTable, type PrivacyOptions } from "../records/privacy-options.ts";
import { whenPresented } from "../records/present.ts";
import type { PresentedCandidate, PresentedResult } from "../records/record.ts";
import { sentenceOf } from "../records/sentence.ts";

export type { PrivacyOptions } from "../records/privacy-options.ts";
export type { RedactOptions } from "../records/redaction.ts";

/** The part of an event that is sent. */
export interface SentryEvent {
  message: string;
  level: "warning";
  logger: "sidelane";
  /** Seconds since 1970. */
  timestamp: number;
  fingerprint: string[];
  tags: Record<string, string>;
  contexts: { sidelane: Record<string, unknown> };
}

/** The part of a Sentry client that is used; what `Sentry.getClient()` returns. */
export interface SentryClient {
  captureEvent(event: SentryEvent): unknown;
  flush?(timeoutMs?: number): PromiseLike<boolean>;
}

/** What `sentryPublisher` takes: a client, and which results become events. */
export interface SentryPublisherOptions extends PrivacyOptions {
  /** Receives the events: `Sentry.getClient()`. */
  readonly client: SentryClient;
  /** Which results become events: only `mismatch` by default. Sentry counts every event: wrap it in `throttle` or `sample`. */
  readonly kinds?: readonly ResultKind[];
}

const flushTimeoutMs = 4_000;

const aClient = withMethods("a Sentry client", "captureEvent");

/** The options of `sentryPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const sentryTable: OptionTable<SentryPublisherOptions, "kinds" | "values"> = {
  client: required({
    ...aClient,
    check: (check, option, got) => {
      const mend = "`Sentry.getClient()` returns it once `Sentry.init()` has run.";
      if (got === undefined) check.fail(option, aClient.takes, got, mend);
      aClient.check(check, option, got);
    },
  }),
  kinds: orElse(
    {
      ...kindsRule,
      check: (check, option, got) => {
        kindsRule.check(check, option, got);
        if ((got as readonly unknown[]).length === 0) check.fail(option, "a list of kinds", got);
      },
    },
    ["mismatch"],
  ),
  ...privacyTable,
};

/**
 * Sends mismatches to Sentry: one event of level `warning` for each candidate that differs, grouped by experiment,
 * candidate and the signature of the mismatch, so that a million mismatches of three kinds are three issues.
 *
 * Tags: `sidelane.experiment`, `sidelane.candidate`, `sidelane.kind`, `sidelane.signature`. The context `sidelane` has the
 * result's id, who was served, both outcomes and durations (milliseconds), and the differences.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://develop.sentry.dev/sdk/data-model/event-payloads/
 * @example sentryPublisher({ client: Sentry.getClient() })
 */
export function sentryPublisher(options: SentryPublisherOptions): Publisher {
  const { client, kinds: wanted, ...privacy } = settle(checkOptions("sentryPublisher"), sentryTable, options);
  const presentation = presentationOf(privacy, "sentryPublisher");
  return {
    name: "sentry",
    kinds: wanted,
    publish(result) {
      return whenPresented(result, presentation, (presented) => {
        for (const candidate of presented.candidates) {
          if (wanted.includes(kindOfCandidate(candidate))) client.captureEvent(eventOf(presented, candidate));
        }
      });
    },
    async flush() {
      const complete = await client.flush?.(flushTimeoutMs);
      if (complete === false) throw new Error(`sentry: events were still on their way after ${flushTimeoutMs} ms`);
    },
  };
}

function eventOf(result: PresentedResult, candidate: PresentedCandidate): SentryEvent {
  const { experiment, control } = result;
  const { comparison } = candidate;
  const kind = kindOfCandidate(candidate);
  const { signature } = comparison;
  return {
    message: sentenceOf(result, candidate),
    level: "warning",
    logger: "sidelane",
    timestamp: result.startedAt / 1_000,
    fingerprint: [
      "sidelane",
      experiment,
      candidate.name,
      signature ?? `${kind} ${comparison.reason ?? comparison.rule ?? ""}`,
    ],
    tags: {
      "sidelane.experiment": experiment,
      "sidelane.candidate": candidate.name,
      "sidelane.kind": kind,
      ...(signature !== undefined && { "sidelane.signature": signature }),
    },
    contexts: {
      // Sentry cuts what lies deeper than three levels: each difference is one text.
      sidelane: {
        id: result.id,
        served: result.served,
        control: JSON.stringify(control.outcome),
        controlMs: control.durationMs,
        candidate: JSON.stringify(candidate.outcome),
        candidateMs: candidate.durationMs,
        differences: (comparison.differences ?? []).map((difference) => JSON.stringify(difference)),
        ...(result.context !== undefined && { context: JSON.stringify(result.context) }),
      },
    },
  };
}
