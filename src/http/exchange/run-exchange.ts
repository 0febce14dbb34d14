import type { Clock } from "../../model/clock.ts";
import type { Stop } from "../../model/stop.ts";
import type { BodyLimits } from "../responses/body-capture.ts";
import type { CapturedResponse } from "../responses/looked-at.ts";
import type { ForceKey } from "../force-key.ts";
import type { LoopMark } from "../loop-mark.ts";
import { answersCondition } from "../sides/outgoing.ts";
import type { CompiledSide } from "../sides/side.ts";
import type { Exchange } from "./exchange.ts";
import type { Incoming, Lane } from "./lane.ts";
import type { Told } from "./answer-taps.ts";
import type { SideAnswer } from "./side-call.ts";
import type { StreamOptions } from "./stream-capture.ts";

/** What all exchanges of a handler share. */
export interface Surroundings {
  readonly control: CompiledSide;
  readonly clock: Clock;
  readonly mark: LoopMark;
  /** Absent where nobody may decide about a single request. */
  readonly forceKey: ForceKey | undefined;
  readonly bodyLimits: Required<BodyLimits>;
  /** Streams of events are compared so far; absent: not at all. */
  readonly streams: Required<StreamOptions> | undefined;
}

/** One lane's part in one request. */
export interface LaneExchange {
  readonly lane: Lane;
  readonly exchange: Exchange;
}

/** Sends a copy to a candidate that serves nobody, and has its answer read to the end. Never rejects. */
export async function runCopy(around: Surroundings, part: LaneExchange, incoming: Incoming): Promise<void> {
  const { lane, exchange } = part;
  const { clock } = around;
  const { call } = exchange;
  const { stop } = call;
  const startedAt = clock.monotonic();
  try {
    const send = await incoming.copyFor(lane, await around.mark.current());
    if (stop.aborted) throw stop.reason as Error;
    lane.counts.add("sent");
    const answer = await send(call);
    if (exchange.isOver) answer.discard();
    else readCopy(around, exchange, answer, stop);
  } catch (error) {
    exchange.candidateFailed(stop.aborted ? stop.reason : error, clock.monotonic() - startedAt);
  }
}

/** Reads the answer of a candidate that serves nobody, as far as it is needed. */
export function readCopy(
  { bodyLimits, clock, streams }: Surroundings,
  exchange: Exchange,
  answer: SideAnswer,
  stop: Stop,
): void {
  const headAt = clock.monotonic();
  exchange.candidateAnswered(answer);
  const isFailure = answer.status >= 500;
  // Whether a failure is the candidate's alone is known only once control has answered.
  if (answer.isStream && streams === undefined && !isFailure) exchange.abandon("streaming");
  if (exchange.isOver) {
    answer.discard();
    return;
  }
  const failed = (error: unknown): void => {
    exchange.candidateFailed(error, answer.ms + clock.monotonic() - headAt);
  };
  const told: Told = {
    ended: (captured) => {
      exchange.candidateEnded(captured);
    },
    broke: failed,
    cancelled: () => {
      failed(stop.reason);
    },
  };
  if (answer.isStream && streams !== undefined) answer.drainStream(streams, clock, told, stop);
  else answer.drain(bodyLimits, told, stop, () => exchange.controlBytes);
}

/**
 * Control's answer, whose caller gets it: what the exchanges need of it is captured on the way.
 *
 * @param parts those that are compared
 */
export function passControl<Answer>(
  { bodyLimits, streams, clock }: Surroundings,
  parts: readonly LaneExchange[],
  incoming: Incoming,
  answer: SideAnswer<Answer>,
): Answer {
  const each = (tell: (exchange: Exchange) => void): void => {
    for (const { exchange } of parts) tell(exchange);
  };
  each((exchange) => {
    exchange.controlAnswered(answer);
  });
  if (answersCondition(answer.status) && incoming.isConditional) each((exchange) => exchange.abandon("conditional"));
  const isStream = answer.isStream;
  if (isStream && streams === undefined) {
    each((exchange) => {
      exchange.controlStreams();
    });
  }
  if (!parts.some(({ exchange }) => exchange.wantsBodies)) return answer.response;
  each((exchange) => {
    exchange.watchControl();
  });
  const told: Told = {
    ended: (captured: CapturedResponse) => {
      each((exchange) => {
        exchange.controlEnded(captured);
      });
    },
    broke: (error) => {
      each((exchange) => {
        exchange.controlFailed(error, answer.ms);
      });
    },
    cancelled: () => {
      each((exchange) => exchange.abandon("caller-gone"));
    },
  };
  return isStream && streams !== undefined ? answer.passStream(streams, clock, told) : answer.pass(bodyLimits, told);
}

/** Control failed: its caller gets that failure itself. */
export function controlFailed(parts: readonly LaneExchange[], { signal }: Incoming, error: unknown, ms: number): void {
  for (const { exchange } of parts) {
    if (signal.aborted) exchange.abandon("caller-gone");
    else exchange.controlFailed(error, ms);
  }
}
