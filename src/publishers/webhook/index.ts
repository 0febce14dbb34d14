import { systemClock, type Clock } from "../../model/clock.ts";
import { checkOptions, type OptionCheck } from "../../model/check-options.ts";
import {
  aBoolean,
  aClock,
  aFunction,
  aNumber,
  aWhole,
  compiled,
  oneOf,
  orElse,
  settle,
  where,
  type OptionTable,
  type Settled,
} from "../../model/option-table.ts";
import type { Fault } from "../../model/fault.ts";
import type { Publisher } from "../../model/publisher.ts";
import type { CandidateObservation, Result } from "../../model/result.ts";
import { presentationOf, privacyTable, type PrivacyOptions } from "../../records/privacy-options.ts";
import { whenPresented } from "../../records/present.ts";
import { isPrivateHost } from "./address.ts";
import { webhookFormats } from "./formats.ts";
import { AlertQueue, type WebhookCounts } from "./alert-queue.ts";
import { post, systemLookup, type Lookup, type WebhookFetch } from "./post.ts";

export type { PrivacyOptions } from "../../records/privacy-options.ts";
export type { RedactOptions } from "../../records/redaction.ts";
export type { WebhookCounts } from "./alert-queue.ts";
export type { Lookup, WebhookFetch, WebhookResponse } from "./post.ts";

/** What `webhookPublisher` takes: where alerts go, how they are written, and how many. */
export interface WebhookPublisherOptions extends PrivacyOptions {
  /** Without credentials: a token belongs into `headers`. */
  readonly url: string;
  /** `slack` by default: one line of text an alert. `json` sends whole results, as far as `values` lets them. */
  readonly format?: "slack" | "json";
  /**
   * - `new-signature`, the default: a mismatch whose signature this publisher has not reported, and every rollout event
   * - `every-mismatch`: each mismatch, as far as the limits let it
   */
  readonly alertOn?: "new-signature" | "every-mismatch";
  /** The hosts that `url` may name, such as `hooks.example.com`; only `hooks.slack.com` by default. */
  readonly allowHosts?: readonly string[];
  /** Permits private addresses, and names that resolve to them; `false` by default. */
  readonly allowPrivate?: boolean;
  /** Permits `http:`, unencrypted; `false` by default. */
  readonly allowHttp?: boolean;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How many requests start in any 60 seconds, from 1 to 60; 6 by default. One request carries up to 20 alerts. */
  readonly perMinute?: number;
  /** How long one request may take, in milliseconds, from 1 to 60 000; 4 000 by default. */
  readonly timeoutMs?: number;
  /** Makes the requests in place of the global `fetch`. Then name resolution is left to it, too. */
  readonly fetch?: WebhookFetch;
  /** Resolves `url`'s host before each request, for the check of private addresses; the system's resolver by default. */
  readonly lookup?: Lookup;
  /** Where time comes from; the system by default. */
  readonly clock?: Clock;
  /** From 0 up to 1, for the jitter between tries; `Math.random` by default. */
  readonly random?: () => number;
}

/** A publisher that also says what became of its alerts. */
export interface WebhookPublisher extends Publisher {
  /** How many alerts were accepted, sent, failed, dropped, or are held; the first is the sum of the others. */
  counts(): WebhookCounts;
}

// A signature that is forgotten is reported again when it comes back.
const knownSignaturesMax = 1_000;

type Defaulted = Exclude<keyof WebhookPublisherOptions, "url" | "fetch" | "lookup" | "redact">;

const areHosts = (got: unknown): boolean =>
  Array.isArray(got) && got.every((host) => typeof host === "string" && host !== "");

/** The options of `webhookPublisher`, with their defaults, as it checks them and as docs/options.md lists them. */
export const webhookTable: OptionTable<WebhookPublisherOptions, Defaulted> = {
  url: compiled("a URL"),
  format: orElse(oneOf(...Object.keys(webhookFormats)), "slack"),
  alertOn: orElse(oneOf("new-signature", "every-mismatch"), "new-signature"),
  allowHosts: orElse(where("a list of host names", areHosts), ["hooks.slack.com"]),
  allowPrivate: orElse(aBoolean, false),
  allowHttp: orElse(aBoolean, false),
  headers: orElse({ takes: "an object of texts", check: (check, _, got) => checkHeaders(check, got) }, {}),
  perMinute: orElse(aWhole({ min: 1, max: 60 }), 6),
  timeoutMs: orElse(aNumber({ min: 1, max: 60_000 }), 4_000),
  fetch: aFunction,
  lookup: aFunction,
  clock: orElse(aClock, systemClock),
  random: orElse(aFunction, Math.random),
  ...privacyTable,
};

/**
 * Tells people through a webhook, such as Slack's, when something new happens: a kind of mismatch that was not seen
 * before, or a rollout that moves.
 *
 * Alerts are held (100 of them, 1 MB) until they have arrived: over the limit a minute they wait and go together, and while
 * the receiver is down they are tried again after 1 s to 60 s. A receiver that answers 4xx loses them. So publishing
 * itself never waits and never fails; `counts()` says what became of the alerts, and faults go to the laboratory.
 * An alert may arrive twice when its answer got lost.
 *
 * Follows no redirect, reads nothing of the answer's body. A name is resolved and checked before the request, and again by
 * `fetch`: a resolver that changes its mind meanwhile is not caught.
 *
 * @throws {SidelaneError} `invalid-option`
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * @example webhookPublisher({ url: process.env.SLACK_WEBHOOK_URL })
 */
export function webhookPublisher(options: WebhookPublisherOptions): WebhookPublisher {
  const check: OptionCheck = checkOptions("webhookPublisher");
  const settled = settle(check, webhookTable, options);
  checkUrl(check, settled);
  const { url, alertOn, perMinute, timeoutMs, headers, clock, random, allowPrivate } = settled;
  const presentation = presentationOf(settled, "webhookPublisher");
  const format = webhookFormats[settled.format];
  const request = options.fetch ?? ((target, init) => fetch(target, init));
  const lookup = allowPrivate ? undefined : (options.lookup ?? (options.fetch ? undefined : systemLookup()));
  const known = new Set<string>();
  let report: (fault: Fault) => void = () => undefined;

  const alerts = new AlertQueue({
    clock,
    random,
    perMinute,
    send: (alerts, dropped) =>
      post(format.body(alerts, dropped), { url, headers, timeoutMs, fetch: request, clock, lookup }),
    onFault: (error) => report({ operation: "publish", error, publisher: "webhook" }),
  });

  function publishCandidate(result: Result, candidate: CandidateObservation, index: number): void | PromiseLike<void> {
    if (candidate.comparison.kind !== "mismatch") return undefined;
    const name = JSON.stringify([result.experiment, candidate.name, candidate.comparison.signature]);
    if (alertOn === "new-signature") {
      if (known.has(name)) return undefined;
      remember(known, name);
    }
    return whenPresented(result, presentation, (presented) =>
      alerts.accept({
        text: format.ofResult(presented, presented.candidates[index]!),
        onLost: () => void known.delete(name),
      }),
    );
  }

  return {
    name: "webhook",
    kinds: ["mismatch"],
    attach: (host) => void (report = (fault) => host.onFault(fault)),
    publish(result) {
      const made = result.candidates.map((candidate, index) => publishCandidate(result, candidate, index));
      const pending = made.filter((each) => each !== undefined);
      return pending.length > 0 ? Promise.all(pending).then(() => undefined) : undefined;
    },
    publishEvent: (event) => alerts.accept({ text: format.ofEvent(event), onLost: () => undefined }),
    flush: () => alerts.flush(),
    close: () => alerts.close(),
    counts: () => alerts.counts(),
  };
}

function remember(known: Set<string>, name: string): void {
  known.add(name);
  if (known.size <= knownSignaturesMax) return;
  for (const oldest of known) {
    known.delete(oldest);
    return;
  }
}

/** A URL can be a secret by itself, as Slack's are: the messages name its host at most. */
function checkUrl(
  check: OptionCheck,
  options: Settled<WebhookPublisherOptions, "allowHosts" | "allowPrivate" | "allowHttp">,
): void {
  const { allowHosts, allowPrivate, allowHttp } = options;
  const url = parseUrl(options.url);
  if (url === undefined) check.fail("url", "a URL", typeof options.url === "string" ? "" : options.url);
  if (url.username !== "" || url.password !== "") {
    check.fail("url", "without credentials", url.hostname, "Send them in `headers`: { authorization: … }.");
  }
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== "https" && !(scheme === "http" && allowHttp)) {
    check.fail("url", "https", scheme, scheme === "http" ? "`allowHttp: true` permits http." : undefined);
  }
  if (!allowHosts.some((host) => host.toLowerCase() === url.hostname)) {
    check.fail("url", "on a host in `allowHosts`", url.hostname, `Add it: allowHosts: ["${url.hostname}"].`);
  }
  if (!allowPrivate && isPrivateHost(url.hostname)) {
    check.fail("url", "a public host", url.hostname, "`allowPrivate: true` permits it.");
  }
}

function parseUrl(text: unknown): URL | undefined {
  try {
    return typeof text === "string" ? new URL(text) : undefined;
  } catch {
    return undefined;
  }
}

function checkHeaders(check: OptionCheck, headers: unknown): void {
  check.object("headers", headers);
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers({ [name]: String(value) });
    } catch {
      check.fail("headers", "names and values that HTTP can carry", name);
    }
    if (typeof value !== "string") check.fail(`headers.${name}`, "a string", value);
  }
}
