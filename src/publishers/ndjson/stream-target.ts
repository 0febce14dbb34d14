import type { OptionCheck } from "../../model/check-options.ts";
import type { Target } from "./target.ts";

/** What is used of a stream: any `Writable` of Node has it. */
export interface LineStream {
  write(chunk: string, done: (error?: Error | null) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  off?(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * Writes to a stream, and waits for each write, so that a slow reader slows the queue and not the memory. Listens for errors only
 * while it writes: whether a broken stream ends the process is the host's to say.
 */
export function streamTarget(stream: LineStream, check: OptionCheck): Target {
  if (typeof stream !== "object" || stream === null || typeof stream.write !== "function") {
    check.fail("stream", "a writable stream", stream);
  }
  let writing = 0;
  let listens = false;
  // The write's own callback tells of the error as well.
  const swallow = (): void => undefined;

  function began(): void {
    writing += 1;
    // Without a listener, a closed pipe (EPIPE) would end the process.
    if (!listens && typeof stream.on === "function") stream.on("error", swallow);
    listens = true;
  }

  function ended(): void {
    writing -= 1;
    if (writing === 0) release();
  }

  function release(): void {
    if (!listens || typeof stream.off !== "function") return;
    stream.off("error", swallow);
    listens = false;
  }

  return {
    write(lines) {
      began();
      return new Promise((resolve, reject) => {
        const fail = (error: unknown): void => {
          // The stream tells its listeners only after the callback.
          setTimeout(ended, 0);
          reject(error);
        };
        try {
          stream.write(lines, (error) => {
            if (error) fail(error);
            else {
              ended();
              resolve();
            }
          });
        } catch (error) {
          fail(error);
        }
      });
    },
    close() {
      if (writing === 0) release();
      return Promise.resolve();
    },
  };
}
