/**
 * How a header of two responses is compared:
 *
 * - `equal`: the values are the same
 * - `present`: both have it, or neither
 * - `set`: the same comma-separated members, in any order and case, as of `vary`
 * - `cookies`: by names and attributes, each value and date aside
 * - `location`: as an address, each side's own origin taken for the same
 * - `dropped`: not at all
 */
export type HeaderRule = "equal" | "present" | "set" | "cookies" | "location" | "dropped";

/** One line of the table of defaults: names in lower case, of which one that ends in `*` stands for all that begin so. */
export interface HeaderDefault {
  readonly names: readonly string[];
  readonly rule: HeaderRule;
  readonly why: string;
}

/** How headers are compared where nothing else is said; whatever is not listed is `equal`. The first line that fits counts. */
export const headerDefaults: readonly HeaderDefault[] = [
  {
    names: [
      ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"],
      ...["te", "trailer", "transfer-encoding", "upgrade"],
    ],
    rule: "dropped",
    why: "of one connection, not of the answer (RFC 9110, 7.6.1), and those that `connection` names",
  },
  {
    names: ["content-length", "content-encoding", "content-md5", "digest", "content-digest", "repr-digest"],
    rule: "dropped",
    why: "of how the body travels; the decoded body is compared",
  },
  {
    names: ["content-type"],
    rule: "dropped",
    why: "compared as `$.type`: the media type, and a charset other than UTF-8",
  },
  {
    names: ["etag"],
    rule: "dropped",
    why: "made of the body in ways of each server's own: where bodies agree it says nothing, where not, they say it",
  },
  {
    names: [
      ...["server", "via", "x-powered-by", "x-runtime", "x-response-time", "server-timing", "x-cache", "x-cache-*"],
      ...["x-served-by", "x-timer", "x-envoy-*", "cf-ray", "cf-cache-status", "x-amz-cf-*", "x-backend-server"],
      ...["alt-svc", "nel", "report-to", "x-sidelane"],
    ],
    rule: "dropped",
    why: "of the deployment: which program, machine or cache answered",
  },
  { names: ["date", "age", "expires", "last-modified"], rule: "present", why: "the time of each answer" },
  {
    names: [
      ...["request-id", "x-request-id", "correlation-id", "x-correlation-id", "x-transaction-id", "x-trace-id"],
      ...["traceparent", "tracestate", "traceresponse", "b3", "x-b3-*", "x-amzn-trace-id", "x-amzn-requestid"],
      ...["x-amz-request-id", "x-amz-id-2", "x-cloud-trace-context", "sentry-trace", "baggage", "uber-trace-id"],
    ],
    rule: "present",
    why: "a name for this one request, made anew by each side",
  },
  {
    names: ["ratelimit", "ratelimit-*", "x-ratelimit-*", "x-rate-limit-*", "retry-after"],
    rule: "present",
    why: "counters of each side's own",
  },
  { names: ["x-csrf-token", "x-xsrf-token"], rule: "present", why: "a secret of each session" },
  { names: ["set-cookie"], rule: "cookies", why: "values are each side's own; names and attributes are not" },
  { names: ["location", "content-location"], rule: "location", why: "each side may name its own origin" },
  {
    names: [
      ...["vary", "cache-control", "allow", "accept-ranges", "access-control-allow-headers"],
      ...["access-control-allow-methods", "access-control-expose-headers"],
    ],
    rule: "set",
    why: "lists whose order means nothing",
  },
];

/** The rule of one header. */
export type HeaderRules = (name: string) => HeaderRule;

/** @param own the user's, by name in any case or by a beginning with `*`; they go before the defaults */
export function compileHeaderRules(own: Readonly<Record<string, HeaderRule>> = {}): HeaderRules {
  const exact = new Map<string, HeaderRule>();
  const starts: (readonly [start: string, rule: HeaderRule])[] = [];
  const ownStarts: (readonly [start: string, rule: HeaderRule])[] = [];
  const add = (name: string, rule: HeaderRule, to: typeof starts): void => {
    if (name.endsWith("*")) to.push([name.slice(0, -1), rule]);
    else if (!exact.has(name)) exact.set(name, rule);
  };
  for (const [name, rule] of Object.entries(own)) add(name.toLowerCase(), rule, ownStarts);
  const ownExact = new Set(exact.keys());
  for (const { names, rule } of headerDefaults) for (const name of names) add(name, rule, starts);
  const known = new Map<string, HeaderRule>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const found =
      (ownExact.has(name) ? exact.get(name) : undefined) ??
      ownStarts.find(([start]) => name.startsWith(start))?.[1] ??
      exact.get(name) ??
      starts.find(([start]) => name.startsWith(start))?.[1] ??
      "equal";
    if (known.size < mostNames) known.set(name, found);
    return found;
  };
}

const mostNames = 1_000;

/** The names of the rules, for checks. */
export const headerRuleNames: readonly HeaderRule[] = ["equal", "present", "set", "cookies", "location", "dropped"];
