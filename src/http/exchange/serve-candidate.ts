import type { Cancel } from "../../model/clock.ts";
import { stopOf, type Stop } from "../../model/stop.ts";
import { failureOf } from "../http-error.ts";
import type { CapturedResponse } from "../responses/looked-at.ts";
import { answersCondition } from "../sides/outgoing.ts";
import type { ServingLimits } from "./serving-limits.ts";
import { follower } from "./follower.ts";
import type { Incoming } from "./lane.ts";
import { passControl, readCopy, type LaneExchange, type Surroundings } from "./run-exchange.ts";
import { orAborted, type SideAnswer } from "./side-call.ts";

type Head<Answer> =
  | { readonly kind: "answered"; readonly answer: SideAnswer<Answer> }
  | { readonly kind: "failed"; readonly error: unknown; readonly ms: number }
  | { readonly kind: "slow" };

/** Both run and are compared, and the candidate's status line decides who answers. */
export async function serveCompared<Answer>(
  around: Surroundings,
  part: LaneExchange,
  incoming: Incoming<Answer>,
  limits: ServingLimits,
): Promise<Answer> {
  const { exchange, lane } = part;
  const { call } = exchange;
  const { clock } = around;
  const caller = incoming.signal;
  const startedAt = clock.monotonic();
  const [forControl, forCandidate] = [follower(caller), follower(caller, call.signal)];
  // Control's request is the copy here.
  const beside = incoming.marked(await around.mark.current());
  const control = call.as("control", () => beside.askControl(forControl.signal));
  control.catch(() => undefined);
  lane.counts.add("sent");
  const asking = call.as("candidate", () => incoming.askCandidate(lane, forCandidate.signal));
  const head = await firstHead(asking, control, forCandidate.signal, around, limits, startedAt);
  if (head.kind === "answered" && (head.answer.status < 500 || !call.mayFallBack)) {
    call.answered();
    forCandidate.detach(call.signal);
    forControl.follow(call.signal);
    void readControl(around, exchange, incoming, control, forControl.signal, startedAt);
    return passCandidate(around, part, incoming, head.answer);
  }
  if (caller.aborted) {
    exchange.abandon("caller-gone");
    throw caller.reason;
  }
  if (!call.mayFallBack && head.kind === "failed") {
    call.answered();
    exchange.candidateFailed(head.error, head.ms);
    void readControl(around, exchange, incoming, control, forControl.signal, startedAt);
    throw head.error;
  }
  call.fellBack(
    head.kind === "slow" ? "slow"
    : isTimeout(head) ? "timed-out"
    : "threw",
  );
  if (head.kind === "failed") exchange.candidateFailed(head.error, head.ms);
  else if (head.kind === "answered") readCopy(around, exchange, head.answer, call.stop);
  else void readLate(around, exchange, asking, call.stop, startedAt);
  try {
    return passControl(around, [part], incoming, await control);
  } catch (error) {
    if (caller.aborted) exchange.abandon("caller-gone");
    else exchange.controlFailed(error, clock.monotonic() - startedAt);
    throw error;
  }
}

function isTimeout(head: Head<unknown>): boolean {
  return head.kind === "failed" && failureOf(head.error).code === "timeout";
}

/** The candidate's head, its failure, or that control is too far ahead. */
async function firstHead<Answer>(
  asking: Promise<SideAnswer<Answer>>,
  control: Promise<SideAnswer>,
  signal: AbortSignal,
  { clock }: Surroundings,
  { graceMs }: ServingLimits,
  startedAt: number,
): Promise<Head<Answer>> {
  let cancel: Cancel | undefined;
  let isOver = false;
  const head = await new Promise<Head<Answer>>((resolve) => {
    orAborted(asking, stopOf(signal)).then(
      (answer) => {
        resolve({ kind: "answered", answer });
      },
      (error: unknown) => {
        resolve({ kind: "failed", error, ms: clock.monotonic() - startedAt });
      },
    );
    control.then(
      () => {
        if (isOver || graceMs === Infinity) return;
        const slow = (): void => {
          resolve({ kind: "slow" });
        };
        // A caller waits for it.
        cancel = clock.after(graceMs, slow, true);
      },
      () => undefined,
    );
  });
  isOver = true;
  cancel?.();
  return head;
}

/** The candidate's answer for its caller. From here on there is no way back. */
function passCandidate<Answer>(
  { bodyLimits, clock }: Surroundings,
  { lane, exchange }: LaneExchange,
  incoming: Incoming,
  answer: SideAnswer<Answer>,
): Answer {
  const headAt = clock.monotonic();
  exchange.candidateAnswered(answer);
  if (incoming.isConditional && answersCondition(answer.status)) exchange.abandon("conditional");
  if (answer.isStream) exchange.abandon("streaming");
  const { stop } = exchange.call;
  const tooSlow = (): void => {
    exchange.abandon("too-slow");
  };
  stop.add(tooSlow);
  const over = (): void => {
    stop.delete(tooSlow);
  };
  return answer.pass(bodyLimits, {
    ended: (captured) => {
      over();
      exchange.candidateEnded(captured);
    },
    broke: (error) => {
      over();
      lane.counts.add("brokenMidBody");
      exchange.candidateFailed(failureOf(error, answer.status), answer.ms + clock.monotonic() - headAt);
    },
    cancelled: () => {
      over();
      exchange.abandon("caller-gone");
    },
  });
}

/** Reads what control came to where the candidate answers. Never rejects. */
async function readControl(
  { bodyLimits, clock }: Surroundings,
  exchange: LaneExchange["exchange"],
  incoming: Incoming,
  control: Promise<SideAnswer>,
  signal: AbortSignal,
  startedAt: number,
): Promise<void> {
  const givenUp = (): void => {
    exchange.abandon(incoming.signal.aborted ? "caller-gone" : "too-slow");
  };
  try {
    const answer = await orAborted(control, stopOf(signal));
    exchange.controlAnswered(answer);
    if (incoming.isConditional && answersCondition(answer.status)) exchange.abandon("conditional");
    if (answer.isStream) exchange.abandon("streaming");
    if (exchange.isOver) {
      answer.discard();
      return;
    }
    answer.drain(
      bodyLimits,
      {
        ended: (captured: CapturedResponse) => {
          exchange.controlEnded(captured);
        },
        broke: (error) => {
          exchange.controlFailed(error, answer.ms);
        },
        cancelled: givenUp,
      },
      stopOf(signal),
      () => Infinity,
    );
  } catch (error) {
    if (signal.aborted) givenUp();
    else exchange.controlFailed(error, clock.monotonic() - startedAt);
  }
}

/** The candidate was too slow to serve, and may still be compared. */
async function readLate(
  around: Surroundings,
  exchange: LaneExchange["exchange"],
  asking: Promise<SideAnswer>,
  stop: Stop,
  startedAt: number,
): Promise<void> {
  try {
    readCopy(around, exchange, await orAborted(asking, stop), stop);
  } catch (error) {
    exchange.candidateFailed(stop.aborted ? stop.reason : error, around.clock.monotonic() - startedAt);
  }
}
