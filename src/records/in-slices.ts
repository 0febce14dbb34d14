// Taken while the module loads: fake timers that a test suite puts in their place later never ring by themselves.
const scope = globalThis as { setImmediate?: (callback: () => void) => unknown };
const { setImmediate: ownSetImmediate } = scope;
const ownSetTimeout = globalThis.setTimeout;

const sliceMs = 10;

/**
 * Makes something of each item, at most some 10 ms in one turn of the event loop: presenting a hundred large results takes
 * longer than any request should wait.
 */
export async function inSlices<Item, Made>(items: readonly Item[], make: (item: Item) => Made): Promise<Made[]> {
  const made: Made[] = [];
  let until = performance.now() + sliceMs;
  for (const item of items) {
    if (performance.now() > until) {
      await laterTurn();
      until = performance.now() + sliceMs;
    }
    made.push(make(item));
  }
  return made;
}

function laterTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (ownSetImmediate) ownSetImmediate(resolve);
    else ownSetTimeout(resolve, 0);
  });
}
