// Taken while the module loads: fake timers that a test suite puts in their place later never ring by themselves.
const scope = globalThis as { setImmediate?: (callback: () => void) => unknown };
let { setImmediate: ownSetImmediate } = scope;
const ownSetTimeout = globalThis.setTimeout;

/** Calls back in a later turn of the event loop, soon; where there is no `setImmediate`, or one that throws, by a timer of no delay. */
export function later(callback: () => void): void {
  if (ownSetImmediate !== undefined) {
    try {
      ownSetImmediate(callback);
      return;
    } catch {
      // Next's edge runtime has one that throws when it is called.
      ownSetImmediate = undefined;
    }
  }
  ownSetTimeout(callback, 0);
}
