import type { Clock } from "../../model/clock.ts";
import type { BodyLimits } from "../responses/body-capture.ts";
import type { CapturedResponse } from "../responses/compare-responses.ts";
import type { LoopMark } from "../loop-mark.ts";
import { answersCondition, headersOfCopy, type Outgoing } from "../sides/outgoing.ts";
import type { CompiledSide } from "../sides/side.ts";
import type { Exchange } from "./exchange.ts";
import type { Incoming, Lane } from "./lane.ts";
import type { Told } from "./answer-taps.ts";
import { asked, type SideAnswer } from "./side-call.ts";
import type { StreamOptions } from "./stream-capture.ts";

/** What all exchanges of a handler share. */
export interface Surroundings {
  readonly control: CompiledSide;
  readonly clock: Clock;
  readonly mark: LoopMark;
  readonly bodyLimits: Required<BodyLimits>;
  /** Streams of events are compared so far; absent: not at all. */
  readonly streams: Required<StreamOptions> | undefined;
}

/** One lane's part in one request. */
export interface LaneExchange {
  readonly lane: Lane;
  readonly exchange: Exchange;
}

/** Sends a copy to a candidate that serves nobody, and reads its answer to the end. Never rejects. */
export async function runCopy(around: Surroundings, part: LaneExchange, incoming: Incoming): Promise<void> {
  const { lane, exchange } = part;
  const { clock } = around;
  const { signal } = exchange.call;
  const startedAt = clock.monotonic();
  try {
    const outgoing = await copyFor(around, lane, incoming);
    signal.throwIfAborted();
    lane.counts.add("sent");
    const asking = asked(
      () => lane.side.send(outgoing, signal, incoming.context),
      lane.side.decodes,
      incoming.isHead,
      clock,
    );
    const answer = await orAborted(asking, signal);
    if (exchange.isOver) answer.discard();
    else await readCopy(around, exchange, answer, signal);
  } catch (error) {
    exchange.candidateFailed(signal.aborted ? signal.reason : error, clock.monotonic() - startedAt);
  }
}

/** Reads the answer of a candidate that serves nobody, as far as it is needed. */
export async function readCopy(
  { bodyLimits, clock, streams }: Surroundings,
  exchange: Exchange,
  answer: SideAnswer,
  signal: AbortSignal,
): Promise<void> {
  const headAt = clock.monotonic();
  exchange.candidateAnswered(answer);
  if (answer.isStream && streams === undefined) exchange.abandon("streaming");
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
      failed(signal.reason);
    },
  };
  if (answer.isStream && streams !== undefined) await answer.drainStream(streams, clock, told, signal);
  else await answer.drain(bodyLimits, told, signal, () => exchange.controlBytes);
}

/** The request that a candidate gets which serves nobody. */
export async function copyFor({ mark }: Surroundings, lane: Lane, { outgoing }: Incoming): Promise<Outgoing> {
  const headers = headersOfCopy(outgoing.headers, await mark.current(), lane.isTrusted);
  await lane.sessions?.applyTo(headers, outgoing.headers, outgoing.url.pathname);
  return { ...outgoing, headers, original: undefined };
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
  if (incoming.isConditional && answersCondition(answer.status)) each((exchange) => exchange.abandon("conditional"));
  const isStream = answer.isStream;
  if (isStream && streams === undefined) each((exchange) => exchange.abandon("streaming"));
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

/** What a promise comes to, or the reason of a signal that is aborted first. An answer that comes later is let go. */
export function orAborted<Answer>(
  answer: Promise<SideAnswer<Answer>>,
  signal: AbortSignal,
): Promise<SideAnswer<Answer>> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    answer.then(
      (came) => {
        signal.removeEventListener("abort", stop);
        if (isOver) came.discard();
        else resolve(came);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", stop);
        reject(error);
      },
    );
  });
}
