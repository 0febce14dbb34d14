import type { OptionCheck } from "../../model/check-options.ts";
import type { Target } from "./target.ts";

/** What is used of a stream: any `Writable` of Node has it. */
export interface LineStream {
  write(chunk: string, done: (error?: Error | null) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Writes to a stream, and waits for each write, so that a slow reader slows the queue and not the memory. */
export function streamTarget(stream: LineStream, check: OptionCheck): Target {
  if (typeof stream !== "object" || stream === null || typeof stream.write !== "function") {
    check.fail("stream", "a writable stream", stream);
  }
  // Without a listener, a closed pipe (EPIPE) would end the process. The write's own callback tells of it as well.
  if (typeof stream.on === "function") stream.on("error", () => undefined);
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(lines, (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    close: () => Promise.resolve(),
  };
}
