import { later } from "../../experiment/runtime/event-loop.ts";
import { failureOf } from "../http-error.ts";
import { requestFrom } from "./request-from.ts";
import type { Next, NodeRequest, NodeResponse } from "./types.ts";

/** What an adapter takes: a `parallelHandler`, or any function of a `Request`. */
export type Handles = (request: Request, context?: unknown) => Response | Promise<Response>;

/** A listener of `node:http`, and a middleware of Express and Connect. */
export type NodeListener = (request: NodeRequest, response: NodeResponse, next?: Next) => void;

/**
 * Makes a listener of a handler, for `createServer(toNodeListener(handler))` of `node:http` and `app.use(toNodeListener(handler))` of Express,
 * also under a mount and behind parsers: a body that was parsed is written anew, or taken from `rawBody`. The handler gets `{ request, response }`
 * as its context.
 *
 * Where the handler rejects, `next` is called with the error; without one the answer is 502 with the error's code. A body that breaks off
 * breaks off for the client.
 */
export function toNodeListener(handler: Handles): NodeListener {
  return (request, response, next) => {
    void answer(handler, request, response, next);
  };
}

async function answer(
  handler: Handles,
  request: NodeRequest,
  response: NodeResponse,
  next: Next | undefined,
): Promise<void> {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort(new DOMException("The client went away", "AbortError"));
  });
  let answered: Response;
  try {
    answered = await handler(requestFrom(request, controller.signal), { request, response });
  } catch (error) {
    if (response.destroyed) return;
    if (next !== undefined) next(error);
    else await send(badGateway(error), response);
    return;
  }
  await send(answered, response);
}

function badGateway(error: unknown): Response {
  return new Response(`The service did not answer: ${failureOf(error).code}\n`, {
    status: 502,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

/** Writes a response at the client's pace. Never rejects. */
export async function send(answered: Response, response: NodeResponse): Promise<void> {
  const headers: string[] = [];
  for (const [name, value] of answered.headers) headers.push(name, value);
  // A response has the date that it came with.
  if (!answered.headers.has("date")) response.sendDate = false;
  try {
    response.writeHead(answered.status, answered.statusText, headers);
  } catch (error) {
    void answered.body?.cancel().catch(() => undefined);
    response.destroy(error as Error);
    return;
  }
  if (answered.body === null) {
    response.end();
    return;
  }
  const reader = answered.body.getReader();
  const gone = (): void => {
    void reader.cancel().catch(() => undefined);
  };
  response.once("close", gone);
  let isFirst = true;
  // A head whose body is not there yet does not wait for it; one that goes out with it saves a packet.
  later(() => {
    if (isFirst && !response.destroyed && !response.writableEnded) response.flushHeaders();
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isFirst = false;
      if (done || response.destroyed) break;
      if (!response.write(value)) await drained(response);
    }
    response.off("close", gone);
    response.end();
  } catch (error) {
    response.off("close", gone);
    response.destroy(error as Error);
  }
}

function drained(response: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.once("drain", go);
    response.once("close", go);
  });
}
