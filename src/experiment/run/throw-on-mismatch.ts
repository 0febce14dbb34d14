import type { Result } from "../../model/result.ts";
import { derive } from "../runtime/native-promise.ts";
import { shapeOf } from "../runtime/promises.ts";
import type { Run } from "./run.ts";

/**
 * For test suites: waits for the candidates, and throws in place of control's outcome when one of them mismatches. The
 * result is published first.
 */
export function conductThrowing(run: Run, makeError: (result: Result) => Error): unknown {
  run.judgesAtOnce = true;
  let given: unknown;
  try {
    given = run.conduct();
  } catch (error) {
    throwMismatch(run, makeError);
    throw error;
  }
  if (shapeOf(given) !== "promise") {
    throwMismatch(run, makeError);
    return given;
  }
  const ended = new Promise<void>((resolve) => {
    if (run.settled) resolve();
    else run.watcher = { ended: resolve };
  });
  // A stream ends when its caller has read it, which it could not do while it waited here.
  const afterwards = (): Promise<void> =>
    run.streaming ? Promise.resolve() : ended.then(() => throwMismatch(run, makeError));
  return derive(
    given,
    (value) => afterwards().then(() => value),
    (error: unknown) =>
      afterwards().then(() => {
        throw error;
      }),
  );
}

function throwMismatch(run: Run, makeError: (result: Result) => Error): void {
  if (run.settled && run.kind() === "mismatch") throw makeError(run.result());
}
