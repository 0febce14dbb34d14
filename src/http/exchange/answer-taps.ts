import type { Clock } from "../../model/clock.ts";
import { HttpError } from "../http-error.ts";
import { BodyCapture, type BodyLimits, type CapturedBody } from "../responses/body-capture.ts";
import type { CapturedResponse } from "../responses/looked-at.ts";
import { codingsOf } from "../responses/decode.ts";
import type { ResponseHeaders } from "../responses/response-headers.ts";
import { StreamCapture, type StreamOptions } from "./stream-capture.ts";
import type { BodyEnd, Sees } from "./tap.ts";

/** Who wants to know how an answer's body ended. */
export interface Told {
  ended(captured: CapturedResponse): void;
  broke(error: unknown): void;
  cancelled(bytes: number): void;
}

/** What sees a body pass, and what is to be told of its end. */
export interface Tap<Seer extends Sees | undefined = Sees | undefined> {
  readonly sees: Seer;
  readonly end: BodyEnd;
}

/** What may see the body of one answer pass. */
export class AnswerTaps {
  readonly #status: number;
  readonly #headers: ResponseHeaders;
  readonly #decodes: boolean;
  readonly #ms: number;

  /**
   * @param decodes whether the body passes decoded, while the headers say that it is encoded
   * @param ms from the request to the head
   */
  constructor({ status, headers }: { status: number; headers: ResponseHeaders }, decodes: boolean, ms: number) {
    this.#status = status;
    this.#headers = headers;
    this.#decodes = decodes;
    this.#ms = ms;
  }

  /** For a body that ends; without limits only its end is told. */
  ofBody(limits: Required<BodyLimits> | undefined, told: Told): Tap {
    const sees = limits && this.#capture(limits);
    return { sees, end: this.#endOf(sees, told) };
  }

  /** For the events of a stream, which may never end. */
  ofStream(options: Required<StreamOptions>, clock: Clock, told: Told): Tap<StreamCapture> {
    const [status, headers] = [this.#status, this.#headers];
    const isOfLines = !isEventStream(headers.get("content-type"));
    const sees = new StreamCapture(options, this.#codings(), clock, this.#ms, isOfLines, (body, stream) => {
      told.ended({ status, headers, body, stream });
    });
    const end: BodyEnd = {
      ended: () => {
        sees.end(false);
      },
      broke: (error) => {
        if (!sees.isDone) told.broke(error);
      },
      // Who reads a stream goes away when it is enough.
      cancelled: () => {
        sees.end(true);
      },
    };
    return { sees, end };
  }

  /**
   * For a body that no caller gets.
   *
   * @param most so many bytes at least are looked at, beyond what is kept
   */
  upTo(
    limits: Required<BodyLimits>,
    told: Told,
    most: () => number,
  ): { readonly capture: BodyCapture; readonly end: BodyEnd; readonly isEnough: () => boolean } {
    const [status, headers] = [this.#status, this.#headers];
    const capture = this.#capture(limits);
    let isLonger = false;
    const end = this.#endOf(capture, {
      ...told,
      cancelled: (bytes) => {
        const digest = { bytes, sha256: "of a body that goes on", beginnings: [] };
        if (isLonger) told.ended({ status, headers, body: { kind: "digest", digest } });
        else told.cancelled(bytes);
      },
    });
    // One that is encoded may be longer than what it holds, but not by half.
    const factor = this.#codings().length > 0 ? 2 : 1;
    return { capture, end, isEnough: () => (isLonger = capture.bytes > Math.max(most(), limits.bytes) * factor) };
  }

  #capture(limits: Required<BodyLimits>): BodyCapture {
    return new BodyCapture(limits, this.#codings());
  }

  #endOf(capture: BodyCapture | undefined, told: Told): BodyEnd {
    const [status, headers] = [this.#status, this.#headers];
    return {
      ended: () => {
        if (capture === undefined) {
          told.ended({ status, headers, body: { kind: "unseen", reason: "not needed" } });
          return;
        }
        // Of a body that its client has decoded the header says nothing.
        const length = codingsOf(headers).length > 0 ? null : headers.get("content-length");
        if (length !== null && Number(length) !== capture.bytes) {
          told.broke(new HttpError("wrong-length", status));
          return;
        }
        const whole = (body: CapturedBody): void => {
          told.ended({ status, headers, body });
        };
        const body = capture.end();
        if (body instanceof Promise) void body.then(whole);
        else whole(body);
      },
      broke: (error) => {
        capture?.giveUp("broke off");
        told.broke(error);
      },
      cancelled: () => {
        capture?.giveUp("not read to its end");
        told.cancelled(capture?.bytes ?? 0);
      },
    };
  }

  #codings(): readonly string[] {
    return this.#decodes ? [] : codingsOf(this.#headers);
  }
}

function isEventStream(type: string | null): boolean {
  return /^\s*text\/event-stream\b/i.test(type ?? "");
}

/** Whether a body of this media type may never end. */
export function isStreamType(type: string | null): boolean {
  return isEventStream(type) || /^\s*application\/(?:x-)?(?:ndjson|jsonl|jsonlines)\b/i.test(type ?? "");
}
