const scope = globalThis as { setImmediate?: (callback: () => void) => unknown };

/** Calls back in a later turn of the event loop, soon; where there is no `setImmediate`, by a timer of no delay. */
export function later(callback: () => void): void {
  if (scope.setImmediate) scope.setImmediate(callback);
  else setTimeout(callback, 0);
}

/** Resolves in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve);
  });
}
