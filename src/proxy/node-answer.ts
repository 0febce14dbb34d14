import type { IncomingMessage } from "node:http";
import type { Clock } from "../model/clock.ts";
import type { Stop } from "../model/stop.ts";
import { AnswerTaps, isStreamType, type Tap, type Told } from "../http/exchange/answer-taps.ts";
import type { SideAnswer } from "../http/exchange/side-call.ts";
import type { StreamOptions } from "../http/exchange/stream-capture.ts";
import type { BodyEnd, Sees } from "../http/exchange/tap.ts";
import type { BodyLimits } from "../http/responses/body-capture.ts";
import { ReceivedHeaders } from "../http/responses/response-headers.ts";

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
  #headers: ReceivedHeaders | undefined;

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

  get headers(): ReceivedHeaders {
    return (this.#headers ??= new ReceivedHeaders(this.message.rawHeaders));
  }

  get isStream(): boolean {
    return this.#hasBody && isStreamType(this.headers.get("content-type"));
  }

  passStream(options: Required<StreamOptions>, clock: Clock, told: Told): Reply {
    return { message: this.message, tap: this.#taps().ofStream(options, clock, told) };
  }

  drainStream(options: Required<StreamOptions>, clock: Clock, told: Told, stop: Stop): void {
    const { sees, end } = this.#taps().ofStream(options, clock, {
      ...told,
      ended: (captured) => {
        told.ended(captured);
        this.message.destroy();
      },
    });
    const cancelled = (): void => {
      if (!sees.isDone) told.cancelled(sees.bytes);
    };
    this.#read(sees, { ...end, cancelled }, stop, () => sees.isDone);
  }

  pass(limits: Required<BodyLimits> | undefined, told: Told): Reply {
    if (!this.#hasBody) {
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return this.response;
    }
    return { message: this.message, tap: this.#taps().ofBody(limits, told) };
  }

  drain(limits: Required<BodyLimits>, told: Told, stop: Stop, most: () => number): void {
    if (!this.#hasBody) {
      this.message.on("error", () => undefined);
      this.message.resume();
      told.ended({ status: this.status, headers: this.headers, body: { kind: "none" } });
      return;
    }
    const { capture, end, isEnough } = this.#taps().upTo(limits, told, most);
    this.#read(capture, end, stop, isEnough);
  }

  discard(): void {
    this.message.on("error", () => undefined);
    this.message.destroy();
  }

  /** Reads the body for nobody but us. */
  #read(sees: Sees, end: BodyEnd, stop: Stop, isEnough: () => boolean): void {
    const { message } = this;
    let isOver = false;
    const over = (tell: () => void): void => {
      if (isOver) return;
      isOver = true;
      stop.delete(giveUp);
      tell();
    };
    const giveUp = (): void => {
      over(() => {
        end.cancelled();
      });
      message.destroy();
    };
    message.on("error", (error) => {
      over(() => {
        end.broke(error);
      });
    });
    if (stop.aborted) {
      giveUp();
      return;
    }
    stop.add(giveUp);
    message.on("data", (chunk: Buffer) => {
      if (isOver) return;
      sees.add(chunk);
      if (isEnough()) giveUp();
    });
    message.on("end", () => {
      over(() => {
        end.ended();
      });
    });
    message.on("close", () => {
      over(() => {
        end.broke(new Error("The service broke off"));
      });
    });
  }

  get #hasBody(): boolean {
    const { status } = this;
    return !this.#isHead && status !== 204 && status !== 304 && this.headers.get("content-length") !== "0";
  }

  #taps(): AnswerTaps {
    return new AnswerTaps(this, false, this.ms);
  }
}
