export function hold(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** Both as JSON, whatever the order of keys: some stores do not keep it. */
export function equal(got: unknown, wanted: unknown, what: string): void {
  const [a, b] = [got, wanted].map((each) => JSON.stringify(sorted(each)));
  hold(a === b, `${what}: expected ${b}, got ${a}`);
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
