import type { LeanCall } from "../../experiment/reported/comparison-call.ts";
import { HttpError, failureOf } from "../http-error.ts";
import type { CapturedResponse, LookedAt } from "../responses/looked-at.ts";
import { ReceivedHeaders, type ResponseHeaders } from "../responses/response-headers.ts";
import type { ReportedResponse, ResponseComparer } from "./reported-response.ts";

/** Why a request was not compared, beyond what its comparison says. */
export type ExchangeSkip = "conditional" | "streaming" | "caller-gone" | "too-slow";

/** What a handler counts of its exchanges. */
export interface ExchangeCounts {
  answered(): void;
  skipped(reason: ExchangeSkip): void;
  /** The heads of both sides are there. */
  bothAnswered(control: Head, candidate: Head): void;
}

/** The head of a side's answer, and how long it took. */
export interface Head {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly ms: number;
}

/** A side's answer, once its head is there. */
interface Answered extends Head {
  captured?: CapturedResponse;
}

/**
 * One compared request: takes what both sides come to, in whatever order, and reports it to the call. A 5xx or a failure of the
 * candidate's alone is a failure; control's own are what they are.
 */
export class Exchange {
  readonly #call: LeanCall<ReportedResponse>;
  readonly #comparer: ResponseComparer;
  readonly #counts: ExchangeCounts;
  #control: Answered | undefined;
  #candidate: Answered | undefined;
  #controlIsOver = false;
  #candidateIsOver = false;
  #isAbandoned = false;
  /** It may break off as the candidate did, and then the failure is not the candidate's alone. */
  #awaitsControlsEnd = false;
  /** Control's answer is a stream that is not compared. */
  #isStreaming = false;
  #controlSide: LookedAt | undefined;

  constructor(call: LeanCall<ReportedResponse>, comparer: ResponseComparer, counts: ExchangeCounts) {
    this.#call = call;
    this.#comparer = comparer;
    this.#counts = counts;
    call.stop.add(() => this.#timeIsUp());
  }

  get call(): LeanCall<ReportedResponse> {
    return this.#call;
  }

  /** Whether what control's body holds is still asked for. */
  get wantsBodies(): boolean {
    return (
      !this.#isStreaming &&
      !this.#isClosed &&
      !this.#controlIsOver &&
      (!this.#candidateIsOver || this.#awaitsControlsEnd)
    );
  }

  get isOver(): boolean {
    return this.#isClosed || (this.#controlIsOver && this.#candidateIsOver);
  }

  /** Control's response as it is compared, once it is. */
  get controlSide(): LookedAt | undefined {
    return this.#controlSide;
  }

  /** Whether one of the two answered by a status of 500 or more. */
  get hasServerError(): boolean {
    return [this.#control, this.#candidate].some((each) => each !== undefined && each.status >= 500);
  }

  lookAtControl(captured: CapturedResponse): LookedAt {
    return this.#comparer.lookAt(captured, "control");
  }

  /** How long control's decoded body is, as soon as that is known. */
  get controlBytes(): number {
    const body = this.#control?.captured?.body;
    if (body?.kind === "none") return 0;
    if (body?.kind === "bytes" && body.codings.length === 0) return body.bytes.length;
    return body?.kind === "digest" ? body.digest.bytes : Infinity;
  }

  controlAnswered({ status, headers, ms }: Head): void {
    this.#control = { status, headers, ms };
    this.#tellHeads();
    this.#judgeStatus();
  }

  controlFailed(error: unknown, ms: number): void {
    if (this.#isClosed || this.#controlIsOver) return;
    this.#controlIsOver = true;
    this.#call.control({ kind: "threw", error: failureOf(error, this.#control?.status) }, ms);
    this.#judgeStatus();
  }

  candidateAnswered({ status, headers, ms }: Head): void {
    this.#candidate = { status, headers, ms };
    this.#counts.answered();
    this.#tellHeads();
    this.#judgeStatus();
    if (this.#isStreaming) this.abandon("streaming");
  }

  candidateFailed(error: unknown, ms: number): void {
    if (this.#isClosed || this.#candidateIsOver) return;
    this.#candidateIsOver = true;
    const failure = failureOf(error, this.#candidate?.status);
    if (this.#candidate !== undefined) this.#awaitsControlsEnd = true;
    if (failure.code === "timeout") this.#call.candidate({ kind: "timed-out", afterMs: ms }, ms);
    else this.#call.candidate({ kind: "threw", error: failure }, ms);
    this.#reportControl();
  }

  /** Control's answer is a stream, of which nothing is compared: whether the candidate answers is seen all the same. */
  controlStreams(): void {
    this.#isStreaming = true;
    if (this.#candidate !== undefined) this.abandon("streaming");
  }

  /** Control's body is seen to its end. */
  watchControl(): void {
    this.#awaitsControlsEnd = true;
  }

  /** Its body has ended; it may be `unseen`. */
  controlEnded(captured: CapturedResponse): void {
    if (this.#control !== undefined) this.#control.captured = captured;
    this.#report();
  }

  candidateEnded(captured: CapturedResponse): void {
    if (this.#candidate !== undefined) this.#candidate.captured = captured;
    this.#report();
  }

  abandon(reason: ExchangeSkip): void {
    if (this.isOver) return;
    this.#isAbandoned = true;
    this.#counts.skipped(reason);
    this.#call.abandon(reason);
  }

  /** Nothing can be reported any more. */
  get #isClosed(): boolean {
    return this.#isAbandoned || this.#call.ended;
  }

  /** The candidate did its part in time, or failed; control's body is still on its way. */
  #timeIsUp(): void {
    if (this.#candidate?.captured !== undefined && !this.#controlIsOver) this.abandon("too-slow");
    this.#awaitsControlsEnd = false;
    this.#reportControl();
  }

  #tellHeads(): void {
    if (this.#control !== undefined && this.#candidate !== undefined) {
      this.#counts.bothAnswered(this.#control, this.#candidate);
    }
  }

  /** A candidate's 5xx is a failure as soon as control is known to have none. */
  #judgeStatus(): void {
    const candidate = this.#candidate;
    if (candidate === undefined) {
      this.#reportControl();
      return;
    }
    if (this.#isClosed || this.#candidateIsOver || candidate.status < 500) {
      this.#report();
      return;
    }
    if (this.#control === undefined && !this.#controlIsOver) return;
    if (this.#control !== undefined && this.#control.status >= 500) return;
    this.#candidateIsOver = true;
    const error = new HttpError("server-error", candidate.status);
    this.#call.candidate({ kind: "threw", error }, candidate.ms);
    this.#reportControl();
  }

  /** Where the candidate has failed, nothing but control's head is reported. */
  #reportControl(): void {
    const control = this.#control;
    if (this.#isClosed || this.#controlIsOver || !this.#candidateIsOver || control === undefined) return;
    if (this.#awaitsControlsEnd && control.captured === undefined) return;
    this.#controlIsOver = true;
    const captured = control.captured ?? headOnly(control.status);
    const side = this.#comparer.lookAt(captured, "control");
    this.#call.control({ kind: "returned", value: { side } }, control.ms);
  }

  #report(): void {
    const [control, candidate] = [this.#control?.captured, this.#candidate?.captured];
    this.#reportControl();
    if (this.#isClosed || this.#candidateIsOver || candidate === undefined) return;
    if (this.#controlIsOver) {
      // Control failed, and the candidate did not.
      this.#candidateIsOver = true;
      const side = this.#comparer.lookAt(candidate, "candidate");
      this.#call.candidate({ kind: "returned", value: { side } }, this.#candidate!.ms);
      return;
    }
    if (control === undefined) return;
    this.#controlIsOver = this.#candidateIsOver = true;
    if (!this.#call.tellsMatches && this.#comparer.matches(control, candidate)) {
      if (this.#call.matched(this.#control!.ms, this.#candidate!.ms)) {
        this.#comparer.matched(control, candidate);
        return;
      }
    }
    const one = (this.#controlSide = this.#comparer.lookAt(control, "control"));
    const other = this.#comparer.lookAt(candidate, "candidate");
    this.#call.control({ kind: "returned", value: { side: one, other } }, this.#control!.ms);
    this.#call.candidate({ kind: "returned", value: { side: other, other: one } }, this.#candidate!.ms);
  }
}

function headOnly(status: number): CapturedResponse {
  return { status, headers: new ReceivedHeaders([]), body: { kind: "unseen", reason: "not needed" } };
}
