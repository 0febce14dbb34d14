import type { ComparisonCalls } from "../../experiment/reported/comparison-call.ts";
import type { Counts } from "../counts.ts";
import type { Sessions } from "../sessions.ts";
import type { SilenceWatch } from "../silence-watch.ts";
import type { Outgoing } from "../sides/outgoing.ts";
import type { CompiledSide } from "../sides/side.ts";
import type { ReportedResponse, ResponseComparer } from "./reported-response.ts";

/** One candidate, beside control. */
export interface Lane {
  readonly side: CompiledSide;
  readonly calls: ComparisonCalls<ReportedResponse, ReportedResponse, Request>;
  readonly comparer: ResponseComparer;
  readonly counts: Counts;
  /** The candidate's own sessions, where it has such. */
  readonly sessions: Sessions | undefined;
  readonly watch: SilenceWatch | undefined;
  /** Whether it gets the caller's credentials. */
  readonly isTrusted: boolean;
}

/** A request on its way through a handler. */
export interface Incoming {
  readonly request: Request;
  readonly outgoing: Outgoing;
  readonly isHead: boolean;
  readonly isConditional: boolean;
  /** What the caller handed over beside the request. */
  readonly context: unknown;
}
