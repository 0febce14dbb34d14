/** How long to wait between tries: doubled with each failure in a row. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/**
 * How long to wait after so many failures in a row, in milliseconds: from half the step to the whole of it, so that many processes
 * do not come back at once.
 *
 * @param failures from 1 on
 * @param random from 0 up to 1
 */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random: () => number): number {
  return Math.min(mostMs, firstMs * 2 ** (failures - 1)) * (0.5 + random() / 2);
}
