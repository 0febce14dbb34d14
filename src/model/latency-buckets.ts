/** What each bucket of a record's `buckets` holds, by its index, in rising order; empty ones are left out. */
export function bucketsOf(written: readonly number[]): [index: number, count: number][] {
  const buckets: [number, number][] = [];
  let index = 0;
  for (const number of written) {
    if (number < 0) index -= number;
    else buckets.push([index++, number]);
  }
  return buckets;
}
