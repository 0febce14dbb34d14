import type { NodeRequest } from "./types.ts";

/**
 * A `Request` of what `node:http` received. A body that a parser has read is written anew: as JSON, as form fields, as text or bytes.
 *
 * @param parsed the body that a framework has read, where that keeps it elsewhere
 */
export function requestFrom(request: NodeRequest, signal: AbortSignal, parsed: unknown = request.body): Request {
  const headers = new Headers();
  const { rawHeaders, method = "GET" } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    // HTTP/2 has what it calls pseudo-headers.
    if (!rawHeaders[at]!.startsWith(":")) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  }
  const isSecure = (request.socket as { encrypted?: unknown } | undefined)?.encrypted === true;
  const path = request.originalUrl ?? request.url ?? "/";
  const host = /^[\w.:[\]-]+$/.exec(headers.get("host") ?? "")?.[0] ?? "localhost";
  // A proxy's client names the whole address.
  const scheme = isSecure ? "https" : "http";
  const url = path.startsWith("/") ? urlOf(`${scheme}://${host}`, path) : addressOf(path, host);
  const body = method === "GET" || method === "HEAD" ? undefined : bodyOf(request, headers, parsed);
  return new Request(url, { method, headers, signal, ...(body !== undefined && { body, duplex: "half" }) });
}

function urlOf(origin: string, path: string): URL {
  // A host of digits and dots may be no address, and a port may be too large.
  return new URL(URL.canParse(origin) ? `${origin}${path}` : `http://localhost${path}`);
}

function addressOf(path: string, host: string): URL {
  return URL.canParse(path) && /^https?:/i.test(path) ? new URL(path) : urlOf(`http://${host}`, "/");
}

function bodyOf(request: NodeRequest, headers: Headers, parsed: unknown): BodyInit | undefined {
  const hasBody = headers.has("transfer-encoding") || Number(headers.get("content-length") ?? 0) > 0;
  if (!hasBody) return undefined;
  if (request.readableEnded !== true || (parsed === undefined && request.rawBody === undefined)) {
    return streamOf(request);
  }
  // It may be of another length now, and is no longer encoded.
  headers.delete("content-length");
  headers.delete("content-encoding");
  headers.delete("transfer-encoding");
  const whole = request.rawBody ?? parsed;
  if (typeof whole === "string" || whole instanceof Uint8Array) return whole as BodyInit;
  const type = headers.get("content-type") ?? "";
  if (/^multipart\//i.test(type))
    throw new TypeError("Expected a multipart body that was not read: mount before its parser");
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return formOf(whole);
  return JSON.stringify(whole);
}

function formOf(fields: unknown): URLSearchParams {
  const form = new URLSearchParams();
  const add = (name: string, value: unknown): void => {
    if (Array.isArray(value)) for (const each of value as unknown[]) add(name, each);
    else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) add(`${name}[${key}]`, each);
    } else form.append(name, String(value));
  };
  if (typeof fields === "object" && fields !== null)
    for (const [name, value] of Object.entries(fields)) add(name, value);
  return form;
}

/**
 * A stream of the web of one of Node's, which is read as it is asked for.
 *
 * @param letGo called where nobody wants the rest; without it a stream of which nothing was read stays as it is
 */
export function streamOf(readable: AsyncIterable<Uint8Array>, letGo?: () => void): ReadableStream<Uint8Array> {
  const chunks = readable[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await chunks.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          controller.error(error);
        }
      },
      async cancel() {
        letGo?.();
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
