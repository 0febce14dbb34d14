import { SidelaneError, type SidelaneErrorCode } from "./errors.ts";

/** Says what a value is, in a few characters, without running any of its code: for error messages. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}…` : JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "object":
      if (value === null) return "null";
      return safely(() => nameOf(value), "an unreadable object");
    default:
      return String(value);
  }
}

function nameOf(value: object): string {
  if (Array.isArray(value)) return "an array";
  return isCollection(value) ? `a ${value instanceof Map ? "Map" : "Set"}` : "an object";
}

/** What is in it is no key of it, so that options in it would be passed over in silence. */
function isCollection(value: object): boolean {
  return value instanceof Map || value instanceof Set;
}

function safely<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Where a number may lie, both ends included: from 0 to `Infinity` without them. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** Such as `a whole number from 1 to 60`. */
export function describeNumber({ min = 0, max = Infinity, integer = false }: Bounds): string {
  return `${integer ? "a whole number" : "a number"} ${range(min, max)}`;
}

/** Such as `one of "serve", "control"`. */
export function describeOneOf(allowed: readonly string[]): string {
  return `one of ${allowed.map((name) => JSON.stringify(name)).join(", ")}`;
}

/**
 * Checks options where something is defined. Every check throws one {@link SidelaneError} whose message names the
 * place, the option, what was expected and what came.
 */
export interface OptionCheck {
  /** Throws: `place`: expected `option` to be `expected`, got `got`. */
  fail(option: string, expected: string, got: unknown, mend?: string): never;
  /** Refuses any own key of `given` that is not in `known`; suggests the nearest known name. */
  known(given: object, known: readonly string[], path?: string): void;
  object(option: string, got: unknown): asserts got is Record<string, unknown>;
  function(option: string, got: unknown): void;
  /** A non-empty string. */
  text(option: string, got: unknown): void;
  boolean(option: string, got: unknown): void;
  oneOf(option: string, got: unknown, allowed: readonly string[]): void;
  /** A finite number within the bounds, both included; `Infinity` only where `max` is `Infinity`. */
  number(option: string, got: unknown, bounds?: Bounds): void;
  /** A `Date`, epoch milliseconds, or an ISO 8601 date or date-time; returns epoch milliseconds. */
  date(option: string, got: unknown): number;
}

/** Makes the checks for one place, such as `experiment("price")` or `ndjsonPublisher`. */
export function checkOptions(place: string, code: SidelaneErrorCode = "invalid-option"): OptionCheck {
  const fail = (option: string, expected: string, got: unknown, mend = ""): never => {
    throw new SidelaneError(
      code,
      `${place}: expected \`${option}\` to be ${expected}, got ${describe(got)}${mend && `. ${mend}`}`,
    );
  };
  return {
    fail,
    known(given, known, path = "") {
      for (const key of Object.keys(given)) {
        if (known.includes(key)) continue;
        const near = nearest(key, known);
        throw new SidelaneError(
          code,
          `${place}: unknown option \`${path}${key}\`${near ? `; did you mean \`${path}${near}\`?` : "."} Known options: ${known.join(", ")}`,
        );
      }
    },
    object(option, got): asserts got is Record<string, unknown> {
      if (typeof got !== "object" || got === null || Array.isArray(got)) fail(option, "an object", got);
      else if (safely(() => isCollection(got), false)) fail(option, "an object with keys", got);
    },
    function(option, got) {
      if (typeof got !== "function") fail(option, "a function", got);
    },
    text(option, got) {
      if (typeof got !== "string" || got.trim() === "") fail(option, "a non-empty string", got);
    },
    boolean(option, got) {
      if (typeof got !== "boolean") fail(option, "true or false", got);
    },
    oneOf(option, got, allowed) {
      if (typeof got !== "string" || !allowed.includes(got)) {
        fail(option, describeOneOf(allowed), got);
      }
    },
    number(option, got, bounds = {}) {
      const { min = 0, max = Infinity, integer = false } = bounds;
      const ok =
        typeof got === "number" && got >= min && got <= max && (!integer || Number.isInteger(got) || got === Infinity);
      if (!ok) fail(option, describeNumber(bounds), got);
    },
    date(option, got) {
      const at =
        got instanceof Date ? got.getTime()
        : typeof got === "number" ? got
        : typeof got === "string" && /^\d{4}-\d\d-\d\d/.test(got) ? Date.parse(got)
        : NaN;
      if (!Number.isFinite(at)) fail(option, 'a date such as "2027-01-31"', got);
      return at;
    },
  };
}

function range(min: number, max: number): string {
  if (max === Infinity) return `of at least ${min}`;
  return min === -Infinity ? `of at most ${max}` : `from ${min} to ${max}`;
}

export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein's distance, by rows. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
