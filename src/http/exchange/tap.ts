/** Sees what passes. */
export interface Sees {
  add(chunk: Uint8Array): void;
}

/** Told once how a body ended. */
export interface BodyEnd {
  /** All of it has passed. */
  ended(): void;
  /** The side that sends it failed. */
  broke(error: unknown): void;
  /** Who reads it does not want the rest. */
  cancelled(): void;
}

/**
 * The same body for its reader, while a capture sees what passes. Nothing is read before the reader asks for it, so that memory stays
 * constant and the reader's pace is the sender's.
 */
export function tapped(
  body: ReadableStream<Uint8Array>,
  capture: Sees | undefined,
  end: BodyEnd,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let next: ReadableStreamReadResult<Uint8Array>;
        try {
          next = await reader.read();
        } catch (error) {
          end.broke(error);
          controller.error(error);
          return;
        }
        if (next.done) {
          end.ended();
          controller.close();
          return;
        }
        capture?.add(next.value);
        controller.enqueue(next.value);
      },
      cancel(reason) {
        end.cancelled();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * Reads a body that no caller waits for.
 *
 * @param isEnough asked after each chunk: whether the rest can say nothing more
 */
export async function drained(
  body: ReadableStream<Uint8Array>,
  capture: Sees,
  end: BodyEnd,
  signal: AbortSignal,
  isEnough: () => boolean,
): Promise<void> {
  const reader = body.getReader();
  const stop = (): void => void reader.cancel(signal.reason).catch(() => undefined);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) {
        end.cancelled();
        return;
      }
      if (done) break;
      capture.add(value);
      if (isEnough()) {
        end.cancelled();
        await reader.cancel();
        return;
      }
    }
    end.ended();
  } catch (error) {
    if (signal.aborted) end.cancelled();
    else end.broke(error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A response of the same head and another body. What only a client's response knows, such as its address, stays. */
export function withBody(response: Response, body: BodyInit | null, headers: Headers = response.headers): Response {
  const { status, statusText } = response;
  const copy = new Response(body, { status, statusText, headers });
  if (response.url !== "" || response.redirected) {
    Object.defineProperties(copy, { url: { value: response.url }, redirected: { value: response.redirected } });
  }
  return copy;
}
