import type { Clock } from "../../model/clock.ts";
import { stopOf, type Stop } from "../../model/stop.ts";
import { withBody } from "../any-response.ts";
import type { ResponseHeaders } from "../responses/response-headers.ts";
import { codingsOf } from "../responses/decode.ts";
import type { BodyLimits } from "../responses/body-capture.ts";
import { AnswerTaps, isStreamType, type Told } from "./answer-taps.ts";
import type { StreamOptions } from "./stream-capture.ts";
import { drained, tapped } from "./tap.ts";

/** A side's answer and what it takes to see its body. An `Answer` is what a caller gets. */
export interface SideAnswer<Answer = unknown> {
  /** As it may be passed on, unseen. */
  readonly response: Answer;
  /** From the request to its head. */
  readonly ms: number;
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Whether its body may never end. */
  readonly isStream: boolean;
  /** The answer for its caller, while the events of its body are captured. */
  passStream(options: Required<StreamOptions>, clock: Clock, told: Told): Answer;
  /** Reads the events of an answer that no caller gets. */
  drainStream(options: Required<StreamOptions>, clock: Clock, told: Told, stop: Stop): void;
  /** The answer for its caller, while its body is captured within limits, where any are given. `told` receives how it ended. */
  pass(limits: Required<BodyLimits> | undefined, told: Told): Answer;
  /**
   * Reads the body of an answer that no caller gets.
   *
   * @param most so many bytes at least are looked at, beyond what is kept
   */
  drain(limits: Required<BodyLimits>, told: Told, stop: Stop, most: () => number): void;
  /** Nobody reads it. */
  discard(): void;
}

/** An answer as the web has it. */
export class WebAnswer implements SideAnswer<Response> {
  /** With headers that are true of its body. */
  readonly response: Response;
  readonly ms: number;
  readonly #raw: Response;
  readonly #isHead: boolean;
  readonly #taps: AnswerTaps;

  constructor(raw: Response, decodes: boolean, isHead: boolean, ms: number) {
    this.#raw = raw;
    this.#isHead = isHead;
    this.#taps = new AnswerTaps(raw, decodes, ms);
    this.ms = ms;
    this.response = decodes && !isHead && raw.body !== null ? asDecoded(raw) : raw;
  }

  get status(): number {
    return this.#raw.status;
  }

  get headers(): Headers {
    return this.#raw.headers;
  }

  get isStream(): boolean {
    return this.#raw.body !== null && isStreamType(this.#raw.headers.get("content-type"));
  }

  passStream(options: Required<StreamOptions>, clock: Clock, told: Told): Response {
    const { sees, end } = this.#taps.ofStream(options, clock, told);
    return withBody(this.response, tapped(this.response.body!, sees, end));
  }

  drainStream(options: Required<StreamOptions>, clock: Clock, told: Told, stop: Stop): void {
    const controller = new AbortController();
    const giveUp = (): void => {
      controller.abort(stop.reason);
    };
    stop.add(giveUp);
    const { sees, end } = this.#taps.ofStream(options, clock, {
      ...told,
      ended: (captured) => {
        told.ended(captured);
        controller.abort();
      },
    });
    const cancelled = (): void => {
      if (!sees.isDone) told.cancelled(sees.bytes);
    };
    const isDone = (): boolean => sees.isDone;
    void drained(this.#raw.body!, sees, { ...end, cancelled }, stopOf(controller.signal), isDone).finally(() => {
      stop.delete(giveUp);
    });
  }

  pass(limits: Required<BodyLimits> | undefined, told: Told): Response {
    const { response } = this;
    if (response.body === null || this.#isHead || this.headers.get("content-length") === "0") {
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return response;
    }
    const { sees, end } = this.#taps.ofBody(limits, told);
    return withBody(response, tapped(response.body, sees, end));
  }

  drain(limits: Required<BodyLimits>, told: Told, stop: Stop, most: () => number): void {
    if (this.#raw.body === null || this.#isHead) {
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return;
    }
    const { capture, end, isEnough } = this.#taps.upTo(limits, told, most);
    void drained(this.#raw.body, capture, end, stop, isEnough);
  }

  discard(): void {
    void this.#raw.body?.cancel().catch(() => undefined);
  }
}

const decodedCodings = /^(?:x-)?(?:gzip|deflate|br)$/;

/** `fetch` decodes a body and leaves the headers of the encoded one. */
function asDecoded(raw: Response): Response {
  const codings = codingsOf(raw.headers);
  if (codings.length === 0 || !codings.every((coding) => decodedCodings.test(coding))) return raw;
  const headers = new Headers(raw.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  return withBody(raw, raw.body, headers);
}

/** Asks a side, and takes the time until its head is there. */
export async function asked(
  ask: () => Promise<Response>,
  decodes: boolean,
  isHead: boolean,
  clock: Clock,
): Promise<SideAnswer<Response>> {
  const startedAt = clock.monotonic();
  const response = await ask();
  return new WebAnswer(response, decodes, isHead, clock.monotonic() - startedAt);
}

/** What a promise comes to, or the reason why it is given up first. An answer that comes later is let go. */
export function orAborted<Answer>(answer: Promise<SideAnswer<Answer>>, stop: Stop): Promise<SideAnswer<Answer>> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const giveUp = (): void => {
      isOver = true;
      reject(stop.reason);
    };
    if (stop.aborted) giveUp();
    else stop.add(giveUp);
    answer.then(
      (came) => {
        stop.delete(giveUp);
        if (isOver) came.discard();
        else resolve(came);
      },
      (error: unknown) => {
        stop.delete(giveUp);
        reject(error);
      },
    );
  });
}
