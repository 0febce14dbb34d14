import type { Throwing } from "../define/throw-options.ts";
import { derive } from "../runtime/native-promise.ts";
import { shapeOf } from "../runtime/promises.ts";
import type { Run } from "../run/run.ts";

/**
 * For test suites: waits for the candidates, and throws in place of the caller's answer when one of them is no match. The
 * result is published as ever. What comes when its caller has been answered is told by `settled()` and `close()`.
 */
export function conductThrowing(run: Run, throwing: Throwing, conduct: (run: Run) => unknown): unknown {
  run.judgesAtOnce = true;
  let given: unknown;
  try {
    given = conduct(run);
  } catch (error) {
    throwFailure(run, throwing);
    throw error;
  }
  if (shapeOf(given) !== "promise") {
    throwFailure(run, throwing);
    return given;
  }
  run.tellsCaller = true;
  const ended = new Promise<void>((resolve) => {
    if (run.settled) resolve();
    else run.whenEnded = resolve;
  });
  const afterwards = (): Promise<void> => {
    if (!run.streaming) return ended.then(() => throwFailure(run, throwing));
    // A stream ends when its caller has read it, which it could not do while it waited here.
    run.tellsCaller = false;
    return Promise.resolve();
  };
  return derive(
    given,
    (value) => afterwards().then(() => value),
    (error: unknown) =>
      afterwards().then(() => {
        throw error;
      }),
  );
}

function throwFailure(run: Run, throwing: Throwing): void {
  if (!run.settled || !throwing.kinds.has(run.kind())) return;
  run.tellsCaller = true;
  throw throwing.error(run.result());
}
