/** What {@link settled} needs of a laboratory. */
export interface Settling {
  settled(): Promise<void>;
}

/**
 * Resolves when all in-flight work of a laboratory is done: every candidate has settled or timed out, every result is
 * compared and handed to the publishers. Sleeps nowhere.
 */
export function settled(laboratory: Settling): Promise<void> {
  return laboratory.settled();
}
