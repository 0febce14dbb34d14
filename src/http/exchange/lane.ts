import type { BeginOptions, ComparisonCalls, LeanCall } from "../../experiment/reported/comparison-call.ts";
import type { Counts } from "../counts.ts";
import type { Sessions } from "../sessions.ts";
import type { SilenceWatch } from "../silence-watch.ts";
import type { Outgoing } from "../sides/outgoing.ts";
import type { RequestBody } from "../request-body.ts";
import type { CompiledSide } from "../sides/side.ts";
import type { ReportedResponse, ResponseComparer } from "./reported-response.ts";
import type { SideAnswer } from "./side-call.ts";

/** What is known of a request before its body is read: a `Request`, or what a proxy has of one. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** Begins the calls of one lane. */
interface LaneCalls extends ComparisonCalls<ReportedResponse, ReportedResponse, SeenRequest> {
  begin(options: BeginOptions<ReportedResponse, SeenRequest>): LeanCall<ReportedResponse>;
}

/** One candidate, beside control. */
export interface Lane {
  readonly side: CompiledSide;
  readonly calls: LaneCalls;
  readonly comparer: ResponseComparer;
  readonly counts: Counts;
  /** The candidate's own sessions, where it has such. */
  readonly sessions: Sessions | undefined;
  readonly watch: SilenceWatch | undefined;
  /** Whether it gets the caller's credentials. */
  readonly isTrusted: boolean;
}

/** Sends a copy that is made, for as long as its call goes on. */
export type SendCopy = (call: LeanCall<ReportedResponse>) => Promise<SideAnswer>;

/**
 * A request on its way through a handler, which knows how it is sent for its caller. An `Answer` is what the caller gets: a `Response`, or what
 * a proxy writes.
 */
export interface Incoming<Answer = unknown> {
  readonly seen: SeenRequest;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  readonly bodyKind: RequestBody["kind"];
  /** The request of which copies are made. */
  readonly outgoing: Outgoing;
  readonly isHead: boolean;
  readonly isConditional: boolean;
  /** What the caller handed over beside the request. */
  readonly context: unknown;
  /** Asks control, for the caller or beside a candidate that serves. @param signal by default the caller's own */
  askControl(signal?: AbortSignal): Promise<SideAnswer<Answer>>;
  /**
   * Makes the copy for a candidate that serves nobody.
   *
   * @returns sends it, and is given up with its call
   */
  copyFor(lane: Lane, mark: string): Promise<SendCopy> | SendCopy;
  /** Asks a candidate that serves: with the request as it came, but for credentials of others. */
  askCandidate(lane: Lane, signal: AbortSignal): Promise<SideAnswer<Answer>>;
  /** The same request, marked as a copy. */
  marked(mark: string): Incoming<Answer>;
}

/** A request that has come, and whose body nobody has read. */
export interface Arrival<Answer> {
  readonly seen: SeenRequest;
  readonly pathname: string;
  /**
   * Takes it in.
   *
   * @param keepBytes its body is kept for both sides up to here; `undefined`: it goes to one side alone
   * @param mark what it carries on, where it is a copy
   */
  received(keepBytes: number | undefined, mark: string | undefined): Promise<Incoming<Answer>>;
}
