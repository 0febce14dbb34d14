/** What a label reads once its limit is reached. */
export const otherLabel = "(other)";

/**
 * Keeps the number of time series bounded: the first `limit` distinct values pass, every further one reads `(other)`.
 *
 * @example
 * const label = boundedLabel(1)
 * label('a') // => 'a'
 * label('b') // => '(other)'
 */
export function boundedLabel(limit: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= limit) return otherLabel;
    // A name is not meant to be a page of text.
    if (value.length > 200) return otherLabel;
    seen.add(value);
    return value;
  };
}
