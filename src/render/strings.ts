/**
 * Cuts two strings to `length` characters around the first one that differs.
 *
 * @example aroundDifference("a".repeat(99) + "b", "a".repeat(99) + "c", 9) // => ["…aaab", "…aaac"]
 */
export function aroundDifference(control: string, candidate: string, length: number): readonly [string, string] {
  if (control.length <= length && candidate.length <= length) return [control, candidate];
  let first = 0;
  while (first < control.length && first < candidate.length && control[first] === candidate[first]) first++;
  const start = first < length / 2 ? 0 : Math.max(0, first - Math.floor(length / 3));
  return [cut(control, start, length), cut(candidate, start, length)];
}

function cut(text: string, start: number, length: number): string {
  const end = start + length;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}
