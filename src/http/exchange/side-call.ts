import type { Clock } from "../../model/clock.ts";
import { HttpError } from "../http-error.ts";
import { BodyCapture } from "../responses/body-capture.ts";
import type { CapturedResponse } from "../responses/compare-responses.ts";
import { codingsOf } from "../responses/decode.ts";
import type { BodyLimits } from "../responses/body-capture.ts";
import { StreamCapture, type StreamOptions } from "./stream-capture.ts";
import { drained, tapped, withBody, type BodyEnd } from "./tap.ts";

/** A side's answer and what it takes to see its body. */
export class SideAnswer {
  /** As it may be passed on: with headers that are true of its body. */
  readonly response: Response;
  readonly ms: number;
  readonly #raw: Response;
  readonly #decodes: boolean;
  readonly #isHead: boolean;

  constructor(raw: Response, decodes: boolean, isHead: boolean, ms: number) {
    this.#raw = raw;
    this.#decodes = decodes;
    this.#isHead = isHead;
    this.ms = ms;
    this.response = decodes && !isHead && raw.body !== null ? asDecoded(raw) : raw;
  }

  get status(): number {
    return this.#raw.status;
  }

  get headers(): Headers {
    return this.#raw.headers;
  }

  /** Whether its body may never end. */
  get isStream(): boolean {
    const type = this.#raw.headers.get("content-type") ?? "";
    return (
      this.#raw.body !== null &&
      /^\s*(?:text\/event-stream|application\/(?:x-)?(?:ndjson|jsonl|jsonlines|jsonlines))\b/i.test(type)
    );
  }

  /** The answer for its caller, while the events of its body are captured. */
  passStream(options: Required<StreamOptions>, clock: Clock, told: Told): Response {
    const { response } = this;
    const capture = this.#streamCapture(options, clock, told);
    const end: BodyEnd = {
      ended: () => {
        capture.end(false);
      },
      broke: (error) => {
        if (!capture.isDone) told.broke(error);
      },
      // Who reads a stream goes away when it is enough.
      cancelled: () => {
        capture.end(true);
      },
    };
    return withBody(response, tapped(response.body!, capture, end));
  }

  /** Reads the events of an answer that no caller gets. */
  async drainStream(options: Required<StreamOptions>, clock: Clock, told: Told, signal: AbortSignal): Promise<void> {
    const controller = new AbortController();
    const stop = (): void => {
      controller.abort(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    const capture = this.#streamCapture(options, clock, {
      ...told,
      ended: (captured) => {
        told.ended(captured);
        controller.abort();
      },
    });
    const end: BodyEnd = {
      ended: () => {
        capture.end(false);
      },
      broke: (error) => {
        if (!capture.isDone) told.broke(error);
      },
      cancelled: () => {
        if (!capture.isDone) told.cancelled(capture.bytes);
      },
    };
    await drained(this.#raw.body!, capture, end, controller.signal, () => capture.isDone);
    signal.removeEventListener("abort", stop);
  }

  #streamCapture(options: Required<StreamOptions>, clock: Clock, told: Told): StreamCapture {
    const { status, headers } = this;
    return new StreamCapture(options, this.#decodes ? [] : codingsOf(headers), clock, this.ms, (body, stream) => {
      told.ended({ status, headers, body, stream });
    });
  }

  /** The answer for its caller, while its body is captured within limits, where any are given. `told` receives how it ended. */
  pass(limits: Required<BodyLimits> | undefined, told: Told): Response {
    const { response } = this;
    if (response.body === null || this.#isHead || this.headers.get("content-length") === "0") {
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return response;
    }
    const capture = limits && this.#capture(limits);
    return withBody(response, tapped(response.body, capture, this.#end(capture, told)));
  }

  /** Reads the body of an answer that no caller gets. */
  async drain(limits: Required<BodyLimits>, told: Told, signal: AbortSignal, most: () => number): Promise<void> {
    if (this.#raw.body === null || this.#isHead) {
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return;
    }
    const capture = this.#capture(limits);
    let isLonger = false;
    const end = this.#end(capture, {
      ...told,
      cancelled: (bytes) => (isLonger ? told.ended(this.#longer(bytes)) : told.cancelled(bytes)),
    });
    const isEnough = (): boolean => (isLonger = capture.bytes > Math.max(most(), limits.bytes));
    await drained(this.#raw.body, capture, end, signal, isEnough);
  }

  /** Nobody reads it. */
  discard(): void {
    void this.#raw.body?.cancel().catch(() => undefined);
  }

  #capture(limits: Required<BodyLimits>): BodyCapture {
    return new BodyCapture(limits, this.#decodes ? [] : codingsOf(this.headers));
  }

  #end(capture: BodyCapture | undefined, told: Told): BodyEnd {
    const { status, headers } = this;
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
        void capture.end().then((body) => {
          told.ended({ status, headers, body });
        });
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

  #longer(bytes: number): CapturedResponse {
    const { status, headers } = this;
    return {
      status,
      headers,
      body: { kind: "digest", digest: { bytes, sha256: "of a body that goes on", beginnings: [] } },
    };
  }
}

/** Who wants to know how an answer's body ended. */
export interface Told {
  ended(captured: CapturedResponse): void;
  broke(error: unknown): void;
  cancelled(bytes: number): void;
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
): Promise<SideAnswer> {
  const startedAt = clock.monotonic();
  const response = await ask();
  return new SideAnswer(response, decodes, isHead, clock.monotonic() - startedAt);
}
