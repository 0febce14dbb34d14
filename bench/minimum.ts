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

interface Told {
  readonly id: string;
  readonly kind: "match" | "mismatch";
}

let ids = 0;

/** The result that a careful engineer would make by hand, frozen, with both observations. */
function resultOf(startedAt: number, value: unknown, controlMs: number, other: unknown, candidateMs: number): Told {
  const kind = equal(value, other) ? "match" : "mismatch";
  const control = Object.freeze({
    name: "control",
    outcome: Object.freeze({ kind: "returned", value }),
    evidence: "live",
    durationMs: controlMs,
  });
  const candidate = Object.freeze({
    name: "candidate",
    outcome: Object.freeze({ kind: "returned", value: other }),
    evidence: "live",
    durationMs: candidateMs,
    comparison: Object.freeze({ kind }),
  });
  return Object.freeze({
    id: `by-hand-${ids++}`,
    experiment: "told",
    startedAt,
    kind,
    served: "control",
    control,
    candidates: Object.freeze([candidate]),
  });
}

/** Tells results in a later turn, all that wait at once. */
function teller(tell: (result: Told) => void): (result: Told) => void {
  let waiting: Told[] = [];
  return (result) => {
    if (waiting.push(result) > 1) return;
    setImmediate(() => {
      const now = waiting;
      waiting = [];
      for (const each of now) tell(each);
    });
  };
}

/** {@link minimumSync} that makes a result of each call and tells it in a later turn. */
export function tellingSync<Args extends unknown[], Value>(
  control: (...args: Args) => Value,
  candidate: (...args: Args) => Value,
  tell: (result: Told) => void,
): (...args: Args) => Value {
  const later = teller(tell);
  return (...args) => {
    const startedAt = performance.now();
    const value = control(...args);
    const between = performance.now();
    try {
      const other = candidate(...args);
      later(resultOf(Date.now(), value, between - startedAt, other, performance.now() - between));
    } catch {
      // A result of another kind.
    }
    return value;
  };
}

/** The same for asynchronous functions. */
export function tellingAsync<Args extends unknown[], Value>(
  control: (...args: Args) => Promise<Value>,
  candidate: (...args: Args) => Promise<Value>,
  tell: (result: Told) => void,
): (...args: Args) => Promise<Value> {
  const later = teller(tell);
  return (...args) => {
    const startedAt = performance.now();
    const answer = control(...args);
    const started = performance.now();
    const timed = answer.then((value) => ({ value, ms: performance.now() - startedAt }));
    void candidate(...args).then(
      async (other) => {
        const candidateMs = performance.now() - started;
        const { value, ms } = await timed;
        later(resultOf(Date.now(), value, ms, other, candidateMs));
      },
      () => undefined,
    );
    return answer;
  };
}
