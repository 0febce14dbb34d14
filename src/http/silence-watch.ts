import type { ComparisonEvent } from "../experiment/reported/comparison-call.ts";
import type { Cancel, Clock } from "../model/clock.ts";
import type { Counts, HandlerCounts, HandlerSkip } from "./counts.ts";
import type { CapturedResponse } from "./responses/looked-at.ts";

/** How long nothing may be heard of a candidate. */
export interface SilenceOptions {
  /** Milliseconds of a window, after which its counts are looked at; 60 000 by default. */
  readonly windowMs?: number;
  /** Receives one line for each finding; `console.warn` by default. */
  readonly log?: (line: string) => void;
}

type Finding = ComparisonEvent;

const fewestAlike = 20;
const fewestDenied = 5;
/** What a person has asked for is no finding. */
const wanted: ReadonlySet<HandlerSkip> = new Set(["disabled", "closed", "off", "complete"]);
/** Headers by which a deployment names the instance that answered. */
const identities: readonly string[] = [
  ...["x-served-by", "x-backend-server", "x-instance-id", "x-hostname", "x-pod-name", "x-server-id"],
];

/**
 * Looks at a candidate's counts window by window, and tells what would otherwise pass for "no differences": no traffic, nothing sent, no answer,
 * nothing compared, one service on both sides, sessions that are not shared. Each is told once, until it has ended.
 */
export class SilenceWatch {
  readonly #counts: Counts;
  readonly #clock: Clock;
  readonly #options: Required<SilenceOptions>;
  readonly #tell: (finding: Finding) => void;
  readonly #hasOneOrigin: boolean;
  #before: HandlerCounts;
  #told = new Set<Finding["kind"]>();
  #cancel: Cancel | undefined;
  #isClosed = false;
  /** Of those that control grants. */
  #routes = new Map<string, { granted: number; denied: number }>();
  /** Whether every pair of this window names one instance; `undefined` before the first. */
  #isOneInstance: boolean | undefined;

  /** @param hasOneOrigin both sides have one URL, and get the same requests */
  constructor(
    counts: Counts,
    clock: Clock,
    options: Required<SilenceOptions>,
    hasOneOrigin: boolean,
    tell: (finding: Finding) => void,
  ) {
    this.#counts = counts;
    this.#clock = clock;
    this.#options = options;
    this.#hasOneOrigin = hasOneOrigin;
    this.#tell = tell;
    this.#before = counts.toJSON();
    this.start();
  }

  /** Some runtimes have no timers before the first request. */
  start(): void {
    if (this.#cancel !== undefined || this.#isClosed) return;
    try {
      this.#cancel = this.#clock.after(this.#options.windowMs, () => {
        this.#cancel = undefined;
        this.#look();
        this.start();
      });
    } catch {
      this.#cancel = undefined;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Both sides have answered a request of a route. */
  answered(route: string, control: number, candidate: number): void {
    if (control >= 400) return;
    const seen = this.#routes.get(route) ?? { granted: 0, denied: 0 };
    seen.granted += 1;
    if (candidate === 401 || candidate === 403) seen.denied += 1;
    this.#routes.set(route, seen);
  }

  /** A pair was compared. */
  compared(control: CapturedResponse, candidate: CapturedResponse): void {
    if (this.#isOneInstance === false) return;
    const named = identities.filter((name) => control.headers.has(name) || candidate.headers.has(name));
    const isOne = named.every((name) => control.headers.get(name) === candidate.headers.get(name));
    this.#isOneInstance = named.length > 0 && isOne;
  }

  #look(): void {
    const now = this.#counts.toJSON();
    const since = difference(now, this.#before);
    this.#before = now;
    const findings = this.#findings(since);
    for (const finding of findings) if (!this.#told.has(finding.kind)) this.#tell(finding);
    this.#told = new Set(findings.map(({ kind }) => kind));
    this.#routes = new Map();
    this.#isOneInstance = undefined;
    if ((since.skips.closed ?? 0) > 0) this.close();
  }

  #findings(since: HandlerCounts): readonly Finding[] {
    const { eligible, sampled, sent, answered, compared, matched } = since;
    const seconds = Math.round(this.#options.windowMs / 1_000);
    const because = reasonsOf(since);
    const findings: Finding[] = [];
    if (eligible === 0) {
      findings.push({ kind: "no-traffic", reason: `no request that may be compared came for ${seconds} s${because}` });
    } else if (sent === 0) {
      const isWanted = Object.keys(since.skips).some((reason) => wanted.has(reason as HandlerSkip));
      const reason = `of ${eligible} requests, ${sampled} were drawn and none was sent${because}`;
      if (!isWanted) findings.push({ kind: "not-sent", reason });
    } else if (answered === 0) {
      findings.push({ kind: "no-answer", reason: `${sent} requests were sent, and none was answered${because}` });
    } else if (compared === 0) {
      const reason = `${answered} of ${sent} requests were answered, and none was compared${because}`;
      findings.push({ kind: "no-comparison", reason });
    }
    const isOne = this.#hasOneOrigin || this.#isOneInstance === true;
    if (compared >= fewestAlike && matched === compared && isOne) {
      const how = this.#hasOneOrigin ? "both sides have one URL" : "the headers that name an instance are the same";
      findings.push({ kind: "same-target", reason: `all ${compared} answers were equal, and ${how}` });
    }
    const routes = [...this.#routes.values()];
    const deniedRoutes = routes.filter(({ granted, denied }) => 2 * denied >= granted).length;
    const [denied, granted] = [sumOf(routes, "denied"), sumOf(routes, "granted")];
    if (denied >= fewestDenied && 2 * deniedRoutes >= routes.length) {
      const reason = `looks like separate sessions: on ${deniedRoutes} of ${routes.length} routes the candidate denies what control grants, ${denied} of ${granted} times: give it sessions of its own by \`session\`, or credentials`;
      findings.push({ kind: "separate-sessions", reason });
    }
    return findings;
  }
}

function sumOf<Key extends string>(counts: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return counts.reduce((sum, each) => sum + each[key], 0);
}

function difference(now: HandlerCounts, before: HandlerCounts): HandlerCounts {
  const skips = Object.entries(now.skips)
    .map(([reason, times]) => [reason, times - (before.skips[reason as HandlerSkip] ?? 0)] as const)
    .filter(([, times]) => times > 0);
  return {
    eligible: now.eligible - before.eligible,
    sampled: now.sampled - before.sampled,
    sent: now.sent - before.sent,
    answered: now.answered - before.answered,
    compared: now.compared - before.compared,
    matched: now.matched - before.matched,
    brokenMidBody: now.brokenMidBody - before.brokenMidBody,
    skips: Object.fromEntries(skips),
  };
}

function reasonsOf({ skips }: HandlerCounts): string {
  const reasons = Object.entries(skips).sort(([, a], [, b]) => b - a);
  return reasons.length === 0 ? "" : ` (${reasons.map(([reason, times]) => `${reason} ${times}`).join(", ")})`;
}
