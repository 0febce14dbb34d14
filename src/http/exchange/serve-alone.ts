import type { ComparisonCall } from "../../experiment/reported/comparison-call.ts";
import { stopOf } from "../../model/stop.ts";
import { failureOf, HttpError } from "../http-error.ts";
import type { ServingLimits } from "./serving-limits.ts";
import { follower } from "./follower.ts";
import type { Incoming, Lane } from "./lane.ts";
import type { ReportedResponse } from "./reported-response.ts";
import type { Surroundings } from "./run-exchange.ts";
import { orAborted, type SideAnswer } from "./side-call.ts";

/** The candidate answers alone; control takes its place where it fails before its status line, and may. */
export async function serveAlone<Answer>(
  around: Surroundings,
  lane: Lane,
  call: ComparisonCall<ReportedResponse>,
  incoming: Incoming<Answer>,
  limits: ServingLimits,
): Promise<Answer> {
  const { clock } = around;
  const caller = incoming.signal;
  const { mayFallBack } = call;
  const startedAt = clock.monotonic();
  const forCandidate = follower(caller);
  // A little before the call ends by itself, so that the timeout is reported.
  const cancel =
    mayFallBack && limits.timeoutMs < Infinity ?
      clock.after(
        limits.timeoutMs * 0.95,
        () => forCandidate.abort(new DOMException("No answer", "TimeoutError")),
        true,
      )
    : undefined;
  const ms = (): number => clock.monotonic() - startedAt;
  lane.counts.add("sent");
  let failure: HttpError;
  try {
    const asking = call.as("candidate", () => incoming.askCandidate(lane, forCandidate.signal));
    const answer = await orAborted(asking, stopOf(forCandidate.signal));
    cancel?.();
    lane.counts.add("answered");
    if (answer.status < 500 || !mayFallBack) return passAlone(around, lane, call, answer, limits, ms());
    answer.discard();
    failure = new HttpError("server-error", answer.status);
  } catch (error) {
    cancel?.();
    if (caller.aborted) {
      call.abandon("caller-gone");
      throw error;
    }
    failure = failureOf(error);
    if (!mayFallBack) {
      call.candidate({ kind: "threw", error: failure }, ms());
      throw error;
    }
  }
  if (failure.code === "timeout") call.candidate({ kind: "timed-out", afterMs: ms() }, ms());
  else call.candidate({ kind: "threw", error: failure }, ms());
  try {
    const answer = await call.as("control", () => incoming.askControl(caller));
    if (!call.ended) call.control({ kind: "returned", value: undefined as never }, answer.ms);
    return answer.response;
  } catch (error) {
    if (!call.ended) call.control({ kind: "threw", error: failureOf(error) });
    throw error;
  }
}

/** The answer of a candidate that is compared with nothing; that it breaks off is still its failure. */
function passAlone<Answer>(
  { clock }: Surroundings,
  lane: Lane,
  call: ComparisonCall<ReportedResponse>,
  answer: SideAnswer<Answer>,
  { timeoutMs }: ServingLimits,
  passedMs: number,
): Answer {
  let isTold = false;
  // Nothing takes its place from here on.
  if (call.mayFallBack) call.answered();
  const tell = (failure?: HttpError): void => {
    if (isTold || call.ended) return;
    isTold = true;
    cancel?.();
    if (failure === undefined && answer.status < 500) {
      call.candidate({ kind: "returned", value: undefined as never }, answer.ms);
      return;
    }
    call.candidate({ kind: "threw", error: failure ?? new HttpError("server-error", answer.status) }, answer.ms);
  };
  // A body that takes longer is as good as ended for the call, which ends at its deadline.
  const cancel = timeoutMs < Infinity ? clock.after(Math.max(0, timeoutMs * 0.9 - passedMs), () => tell()) : undefined;
  return answer.pass(undefined, {
    ended: () => {
      tell();
    },
    broke: (error) => {
      lane.counts.add("brokenMidBody");
      tell(failureOf(error, answer.status));
    },
    cancelled: () => {
      tell();
    },
  });
}
