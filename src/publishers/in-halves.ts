/**
 * Sends items together. Where they are refused for good, the one that is to blame is found by halves, and lost alone.
 *
 * @param isRefused whether an error says that the same would be refused again
 * @param lost told why one was lost
 */
export async function sendInHalves<Item>(
  items: readonly Item[],
  send: (items: readonly Item[]) => unknown,
  isRefused: (error: unknown) => boolean,
  lost: (error: unknown) => void,
): Promise<void> {
  try {
    await send(items);
  } catch (error) {
    if (!isRefused(error)) throw error;
    if (items.length === 1) {
      lost(error);
      return;
    }
    const middle = Math.ceil(items.length / 2);
    await sendInHalves(items.slice(0, middle), send, isRefused, lost);
    await sendInHalves(items.slice(middle), send, isRefused, lost);
  }
}

/** An error, and what it says to be its cause: clients wrap the errors of their drivers. */
export function* causesOf(error: unknown): Generator<Readonly<Record<string, unknown>>> {
  let each = error;
  for (let depth = 0; depth < 4 && typeof each === "object" && each !== null; depth++) {
    yield each as Readonly<Record<string, unknown>>;
    each = (each as { cause?: unknown }).cause;
  }
}
