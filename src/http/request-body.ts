/** A request's body: there for as many readers as there are sides, or for one. */
export type RequestBody =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Too large to be kept, or not to be copied: for control alone. */
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array> }
  /** It was read before it came here, or is being read. */
  | { readonly kind: "used" };

/** The body of a request that is not copied. */
export function passedOn(request: Request): RequestBody {
  if (request.bodyUsed || request.body?.locked === true) return { kind: "used" };
  return request.body === null ? { kind: "none" } : { kind: "stream", stream: request.body };
}

/**
 * Reads a body once, so that both sides can have it, up to a limit. Beyond it, what was read and the rest are one stream.
 *
 * @param maxBytes what is kept; a body whose header says that it is larger is not read at all
 */
export async function buffered(request: Request, maxBytes: number): Promise<RequestBody> {
  const isTaken = request.bodyUsed || request.body === null || request.body.locked;
  if (isTaken || Number(request.headers.get("content-length")) > maxBytes) {
    return passedOn(request);
  }
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length > maxBytes) return { kind: "stream", stream: followedBy(chunks, reader) };
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { kind: "bytes", bytes };
}

function followedBy(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const first = chunks.values();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const kept = first.next();
        if (!kept.done) {
          controller.enqueue(kept.value);
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
