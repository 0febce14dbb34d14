import type { NodeRequest, NodeResponse } from "./types.ts";
import { send, type Handles } from "./listener.ts";
import { requestFrom } from "./request-from.ts";

/** What is used of a request and a reply of Fastify. */
export interface FastifyRequestLike {
  readonly raw: unknown;
  readonly body?: unknown;
}
export interface FastifyReplyLike {
  readonly raw: unknown;
  hijack(): unknown;
}

/**
 * A handler of a Fastify route: `app.all("/*", toFastify(handler))`. What Fastify has parsed of a body is written anew. Where the handler
 * rejects, Fastify answers, by its error handler.
 */
export function toFastify(
  handler: Handles,
): (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown> {
  return async (request, reply) => {
    const [from, to] = [request.raw as NodeRequest, reply.raw as NodeResponse];
    const controller = new AbortController();
    to.once("close", () => {
      if (!to.writableFinished) controller.abort(new DOMException("The client went away", "AbortError"));
    });
    const answered = await handler(requestFrom(from, controller.signal, request.body), {
      request: from,
      response: to,
    });
    reply.hijack();
    await send(answered, to);
    return reply;
  };
}

/** What is used of a context of Hono. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request; arrayBuffer(): Promise<ArrayBuffer> };
}

/** A handler of a Hono route: `app.all("*", toHono(handler))`. A body that was read before is taken from Hono's memory. */
export function toHono(handler: Handles): (context: HonoContextLike) => Promise<Response> {
  return async (context) => {
    const { raw } = context.req;
    if (!raw.bodyUsed) return await handler(raw, context);
    const { url, method, headers, signal } = raw;
    return await handler(new Request(url, { method, headers, signal, body: await context.req.arrayBuffer() }), context);
  };
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Route handlers as Next has them: `export const { GET, HEAD, POST } = toRouteHandlers(handler);`. */
export function toRouteHandlers(
  handler: Handles,
): Readonly<Record<(typeof methods)[number], (request: Request, context?: unknown) => Promise<Response>>> {
  const handle = async (request: Request, context?: unknown): Promise<Response> => await handler(request, context);
  return Object.fromEntries(methods.map((method) => [method, handle])) as ReturnType<typeof toRouteHandlers>;
}
