/** A rate, and where the true one probably lies; all in [0, 1]. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Where a true rate probably lies, having seen `hits` in `n` (Wilson's score interval).
 *
 * @param n how many were looked at; `0` returns all of [0, 1], since nothing is known
 * @param z standard normal quantile; the default, 1.96, stands for 95 % two-sided
 * @throws {RangeError} when `hits` is negative or more than `n`
 * @see E. B. Wilson, JASA 22 (1927) 209-212
 * @example wilson(1, 10) // => { low: 0.0179, high: 0.4042 }
 */
export function wilson(hits: number, n: number, z: number = 1.96): Interval {
  if (!(hits >= 0 && hits <= n)) throw new RangeError(`Expected hits from 0 to ${n}, got ${hits}`);
  const rate = hits / n;
  const square = (z * z) / n;
  const centre = rate + square / 2;
  const spread = z * Math.sqrt((rate * (1 - rate)) / n + square / n / 4);
  const scale = 1 + square;
  // At the ends the formula yields exactly 0 and 1, but floating point does not; none at all is at both ends.
  return {
    low: hits === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    high: hits === n ? 1 : Math.min(1, (centre + spread) / scale),
  };
}
