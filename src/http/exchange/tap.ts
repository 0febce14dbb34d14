import type { Stop } from "../../model/stop.ts";

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
          // First of all for who reads it.
          controller.close();
          end.ended();
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
  stop: Stop,
  isEnough: () => boolean,
): Promise<void> {
  const reader = body.getReader();
  const giveUp = (): void => void reader.cancel(stop.reason).catch(() => undefined);
  if (stop.aborted) giveUp();
  else stop.add(giveUp);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (stop.aborted) {
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
    if (stop.aborted) end.cancelled();
    else end.broke(error);
  } finally {
    stop.delete(giveUp);
  }
}
