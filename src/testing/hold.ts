export function hold(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** Both as JSON, whatever the order of keys: some stores do not keep it. */
export function equal(got: unknown, wanted: unknown, what: string): void {
  const [a, b] = [got, wanted].map((each) => JSON.stringify(sorted(each)));
  if (a === b) return;
  const from = differFrom(String(a), String(b));
  throw new Error(`${what}: expected ${cut(String(b), from)}, got ${cut(String(a), from)}`);
}

const mostShown = 1_000;

function differFrom(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

/** As much of a long text as shows where it differs. */
function cut(text: string, from: number): string {
  if (text.length <= mostShown) return text;
  const start = Math.max(0, from - mostShown / 4);
  const end = start + mostShown;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${end < text.length ? "…" : ""}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, of]) => [key, sorted(of)]),
  );
}
