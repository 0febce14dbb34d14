import type { KnownMismatch } from "../compare/rules/known-mismatches.ts";
import type { ComparisonLimits } from "../experiment/define/comparison-options.ts";
import type { About } from "../experiment/define/options.ts";
import type { Laboratory } from "../experiment/laboratory.ts";
import type { Clock } from "../model/clock.ts";
import {
  aBoolean,
  aBooleanOr,
  aClock,
  aFunction,
  anObject,
  aShare,
  aText,
  aWhole,
  compiled,
  listOf,
  optionsOf,
  orElse,
  where,
  withMethods,
  type OptionRule,
  type OptionTable,
  type Settled,
} from "../model/option-table.ts";
import { defaultStreamOptions, type StreamOptions } from "./exchange/stream-capture.ts";
import type { SessionOptions } from "./sessions.ts";
import type { SilenceOptions } from "./silence-watch.ts";
import { comparisonLimitsTable } from "../experiment/define/comparison-options.ts";
import type { Result } from "../model/result.ts";
import type { RolloutOption } from "../rollout/to-rollout.ts";
import type { ComparableResponse, ResponseRules } from "./responses/response-rules.ts";
import type { RouteAnswer, Routes } from "./routes.ts";
import type { Side } from "./sides/side.ts";
import type { Transport } from "./sides/transport.ts";

type Key = string | number | bigint | null | undefined;

/** Bounds of a handler: those of a comparison, and how large a request may be to be copied. */
export interface HandlerLimits extends ComparisonLimits {
  /** So many bytes of a request's body are kept for both sides; a larger one goes to control alone. 65 536 by default. */
  readonly requestBytes?: number;
}

/** What runs in parallel, and how. All but the sides can be left out. */
export interface SharedOptions {
  /** Names the comparison: in results, reports and metrics. */
  readonly name: string;
  /** Where its comparisons belong; by default the laboratory of the bare `experiment`, which prints mismatches. */
  readonly laboratory?: Laboratory;
  /** What is compared with control. */
  readonly candidate?: Side;
  /** Several of them, by name, in shadow: each has a comparison `name/candidate` of its own. In place of `candidate`. */
  readonly candidates?: Readonly<Record<string, Side>>;
  /** Which side answers, as of experiments; control does without it. */
  readonly rollout?: RolloutOption;
  /** What the served share sticks to, and the unit of evidence: `(request) => request.headers.get("x-customer")`. */
  readonly key?: (request: Request) => Key;
  /** Whether this request may be compared. `true` by default. */
  readonly enabled?: boolean | ((request: Request) => boolean);
  /** Share of requests compared, from 0 to 1, drawn one by one; 1 by default. */
  readonly sample?: number;
  /** What a person needs to find the case again, beside `method` and `route`. */
  readonly context?: (request: Request) => Readonly<Record<string, unknown>>;
  /** How responses are compared. */
  readonly compare?: ResponseRules;
  /** Differences that are known, as of experiments; paths as in `$.body.items[2].price`. */
  readonly knownMismatches?: readonly KnownMismatch<ComparableResponse, ComparableResponse>[];
  /** What publishers get to see of a response; never what is compared. */
  readonly clean?: (response: ComparableResponse) => unknown;
  /** Called with the result of every compared request, off the caller's path. */
  readonly afterRun?: (result: Result) => void;
  /** Who answers for it, and until when it should be over. */
  readonly about?: About;
  /** Routes that are known: patterns, or an OpenAPI document. Without them and `routeOf`, results name the method alone. */
  readonly routes?: Routes;
  /** Names the route of a request, in place of `routes`; at most 200 names, the others are `(other)`. */
  readonly routeOf?: (request: Request) => RouteAnswer;
  /** Origins of candidates that get the caller's `authorization` and `cookie`; none by default. Handlers of this process get them. */
  readonly credentialsTo?: readonly string[];
  /** The candidate's own sessions: its cookies by the caller's session, and its tokens. In shadow. */
  readonly session?: SessionOptions;
  /** Watches for what would pass for "no differences": no traffic, no answers, nothing compared; `false` for nothing. */
  readonly silence?: false | SilenceOptions;
  /** Compares streams of events, NDJSON included, as far as this goes; `{}` for the defaults. Without it they are not compared. */
  readonly streams?: StreamOptions;
  /** Asks control once more after some mismatches, to tell noise from regressions; `true` by default. */
  readonly noise?: boolean | { readonly rate?: number; readonly max?: number };
  /** A second instance of control, which is asked in its place for `noise`. */
  readonly secondary?: Side;
  /** Sends requests to services; the global `fetch` by default. */
  readonly transport?: Transport;
  /** The key that copies are marked with, the same for a fleet; by default `SIDELANE_LOOP_KEY`, else a random one. */
  readonly loopKey?: string;
  /**
   * Who sends it decides about one request, by `x-sidelane-force`: `compare`, `control` or a candidate's name, and this key. Without it nobody
   * may.
   */
  readonly forceKey?: string;
  /** Share of the event loop's time for comparing, from 0 to 1; over it only bytes are compared. 0.05 by default. */
  readonly cpuShare?: number;
  /** Bounds of time, size, and requests at once. */
  readonly limits?: HandlerLimits;
  /** The system's by default. */
  readonly clock?: Clock;
  /** Takes the place of a comparison of the same name, as hot reloading needs; `false` by default. */
  readonly replace?: boolean;
}

/** Options of `parallelHandler`. */
export interface HandlerOptions extends SharedOptions {
  /** Answers, unless the rollout says otherwise. */
  readonly control: Side;
}

type Defaulted = "cpuShare" | "limits";

export const handlerLimitsTable: OptionTable<HandlerLimits, "requestBytes"> = {
  ...comparisonLimitsTable,
  requestBytes: orElse(aWhole(), 64 * 1024),
};

/** Of a key that is none nothing is repeated. */
const keyOf = (takes: string, pattern: RegExp): OptionRule => ({
  takes,
  check: (check, option, got) => {
    if (typeof got !== "string") check.fail(option, takes, got);
    else if (!pattern.test(got)) check.fail(option, takes, "(another text)");
  },
});

const aSide = compiled("a URL, a function of a request, or an object with `url`");

/** What a handler is made of, but for its control. */
export type SettledOptions = Settled<SharedOptions, Defaulted>;

export const sessionTable: OptionTable<SessionOptions> = { cookie: aText, map: aFunction };

export const streamsTable: OptionTable<StreamOptions, "maxMs" | "maxBytes"> = {
  maxMs: orElse(aWhole({ min: 1 }), defaultStreamOptions.maxMs),
  maxBytes: orElse(aWhole({ min: 1 }), defaultStreamOptions.maxBytes),
};

export const silenceTable: OptionTable<SilenceOptions, "windowMs"> = {
  windowMs: orElse(aWhole({ min: 1 }), 60_000),
  log: aFunction,
};

export const sharedTable: OptionTable<SharedOptions, Defaulted> = {
  name: { ...aText, isRequired: true },
  laboratory: withMethods("a Laboratory", "comparison", "status"),
  candidate: aSide,
  candidates: anObject,
  rollout: compiled("shares, a stage, a rollout, or a source"),
  key: aFunction,
  enabled: aBooleanOr(aFunction),
  sample: aShare,
  context: aFunction,
  compare: compiled("an object of rules"),
  knownMismatches: listOf("a list"),
  clean: aFunction,
  afterRun: aFunction,
  about: anObject,
  routes: compiled("a list of patterns, or an OpenAPI document"),
  routeOf: aFunction,
  credentialsTo: listOf(
    "a list of origins",
    where(
      'an origin such as "https://new.example"',
      (got) => typeof got === "string" && URL.canParse(got) && new URL(got).origin === got.replace(/\/$/, ""),
    ),
  ),
  session: optionsOf("an object `{ cookie, map }`", sessionTable),
  silence: aBooleanOr(optionsOf("an object `{ windowMs, log }`", silenceTable)),
  streams: optionsOf("an object `{ maxMs, maxBytes }`", streamsTable),
  noise: aBooleanOr(anObject),
  secondary: aSide,
  transport: aFunction,
  loopKey: keyOf("a text of at least 16 characters", /^.{16,}$/s),
  // As it comes in a header.
  forceKey: keyOf("a text of at least 16 characters, without spaces and of ASCII", /^[\x21-\x7E]{16,}$/),
  cpuShare: orElse(aShare, 0.05),
  limits: { ...optionsOf("an object of limits", handlerLimitsTable), byDefault: {} },
  clock: aClock,
  replace: aBoolean,
};

export const handlerTable: OptionTable<HandlerOptions, Defaulted> = { ...sharedTable, control: aSide };
