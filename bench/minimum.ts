import equal from "fast-deep-equal";

interface Counts {
  match: number;
  other: number;
}

/** What a careful engineer would write by hand for one synchronous function: one comparison, two clocks, a counter. */
export function minimumSync<Args extends unknown[], Value>(
  control: (...args: Args) => Value,
  candidate: (...args: Args) => Value,
  on: () => boolean,
): { (...args: Args): Value; counts: Counts } {
  const counts = { match: 0, other: 0 };
  const wrapped = (...args: Args): Value => {
    if (!on()) return control(...args);
    const startedAt = performance.now();
    const value = control(...args);
    try {
      const other = candidate(...args);
      counts[performance.now() - startedAt < 10_000 && equal(value, other) ? "match" : "other"] += 1;
    } catch {
      counts.other += 1;
    }
    return value;
  };
  return Object.assign(wrapped, { counts });
}

/** The same for an asynchronous function: the caller waits for control alone. */
export function minimumAsync<Args extends unknown[], Value>(
  control: (...args: Args) => Promise<Value>,
  candidate: (...args: Args) => Promise<Value>,
  on: () => boolean,
): { (...args: Args): Promise<Value>; counts: Counts } {
  const counts = { match: 0, other: 0 };
  const wrapped = (...args: Args): Promise<Value> => {
    if (!on()) return control(...args);
    const startedAt = performance.now();
    const answer = control(...args);
    void candidate(...args).then(
      async (other) => {
        const same = performance.now() - startedAt < 10_000 && equal(await answer, other);
        counts[same ? "match" : "other"] += 1;
      },
      () => (counts.other += 1),
    );
    return answer;
  };
  return Object.assign(wrapped, { counts });
}
