import type { IncomingMessage } from "node:http";
import type { Clock } from "../model/clock.ts";
import { AnswerTaps, isStreamType, type Tap, type Told } from "../http/exchange/answer-taps.ts";
import { WebAnswer, type SideAnswer } from "../http/exchange/side-call.ts";
import type { StreamOptions } from "../http/exchange/stream-capture.ts";
import { responseOf } from "../http/node/node-transport.ts";
import type { BodyLimits } from "../http/responses/body-capture.ts";

/** What a caller gets: an answer as it came from a service, and who sees its body pass. */
export interface Reply {
  readonly message: IncomingMessage;
  readonly tap: Tap | undefined;
}

/** The answer of a service as `node:http` received it. */
export class NodeAnswer implements SideAnswer<Reply> {
  readonly message: IncomingMessage;
  readonly ms: number;
  readonly #isHead: boolean;
  #headers: Headers | undefined;

  constructor(message: IncomingMessage, isHead: boolean, ms: number) {
    this.message = message;
    this.#isHead = isHead;
    this.ms = ms;
  }

  get response(): Reply {
    return { message: this.message, tap: undefined };
  }

  get status(): number {
    return this.message.statusCode!;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      const { rawHeaders } = this.message;
      for (let at = 0; at < rawHeaders.length; at += 2) this.#headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
    }
    return this.#headers;
  }

  get isStream(): boolean {
    return this.#hasBody && isStreamType(this.message.headers["content-type"] ?? null);
  }

  passStream(options: Required<StreamOptions>, clock: Clock, told: Told): Reply {
    return { message: this.message, tap: this.#taps().ofStream(options, clock, told) };
  }

  async drainStream(options: Required<StreamOptions>, clock: Clock, told: Told, signal: AbortSignal): Promise<void> {
    await this.#asWeb().drainStream(options, clock, told, signal);
  }

  pass(limits: Required<BodyLimits> | undefined, told: Told): Reply {
    if (!this.#hasBody) {
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return this.response;
    }
    return { message: this.message, tap: this.#taps().ofBody(limits, told) };
  }

  async drain(limits: Required<BodyLimits>, told: Told, signal: AbortSignal, most: () => number): Promise<void> {
    await this.#asWeb().drain(limits, told, signal, most);
  }

  discard(): void {
    this.message.destroy();
  }

  get #hasBody(): boolean {
    const { status } = this;
    return !this.#isHead && status !== 204 && status !== 304 && this.message.headers["content-length"] !== "0";
  }

  #taps(): AnswerTaps {
    return new AnswerTaps(this, false, this.ms);
  }

  #asWeb(): WebAnswer {
    return new WebAnswer(responseOf(this.message, this.#isHead), false, this.#isHead, this.ms);
  }
}
