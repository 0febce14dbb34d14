import type { Clock } from "../../model/clock.ts";

/** How long a call to a store may take, in milliseconds. */
export const storeCallMs = 2_000;

/**
 * A store's answer, or a rejection after 2 s: what comes later is not heard.
 *
 * @param keepAlive whether the process is kept alive for it: where a person waits
 */
export function withinDeadline<Value>(
  clock: Clock,
  what: string,
  call: () => PromiseLike<Value>,
  keepAlive = false,
): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    const cancel = clock.after(
      storeCallMs,
      () => reject(new Error(`The store did not answer ${what} within ${storeCallMs} ms`)),
      keepAlive,
    );
    // A store that throws instead of rejecting is one that rejects.
    Promise.resolve()
      .then(call)
      .then(
        (value) => {
          cancel();
          resolve(value);
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
  });
}
