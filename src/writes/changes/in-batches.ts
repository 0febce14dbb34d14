/**
 * Reads on while what was read is worked on, so that what has come together is worked on together. Ends with the source, rejects as it
 * does once all before is handed on, and ends at once when the signal is aborted, whatever the source does.
 *
 * @param most read ahead at once
 */
export async function* inBatches<Item>(
  source: AsyncIterable<Item>,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Item[], void> {
  const iterator = source[Symbol.asyncIterator]();
  let held: Item[] = [];
  let end: { readonly error?: unknown } | undefined;
  let wake: () => void = () => undefined;
  let isReading = false;
  const stop = (): void => {
    end = {};
    wake();
  };

  /** Never rejects. */
  async function readOn(): Promise<void> {
    isReading = true;
    try {
      while (end === undefined && held.length < most) {
        const next = await iterator.next();
        if (signal.aborted) break;
        if (next.done === true) end = {};
        else held.push(next.value);
        wake();
      }
    } catch (error) {
      end = { error };
      wake();
    }
    isReading = false;
  }

  signal.addEventListener("abort", stop);
  try {
    while (!signal.aborted) {
      if (end === undefined && !isReading) void readOn();
      if (held.length > 0) {
        const batch = held;
        held = [];
        yield batch;
      } else if (end !== undefined) {
        if ("error" in end) throw end.error;
        return;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    end ??= {};
    // Not waited for: a generator that waits for its source ends only after that.
    void (async () => iterator.return?.())().catch(() => undefined);
  }
}
