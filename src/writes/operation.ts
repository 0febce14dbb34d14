import { createHash } from "node:crypto";
import { describe } from "../model/check-options.ts";
import { hasThen, tellFailure } from "../model/silence.ts";
import { murmur3 } from "../rollout/bucket.ts";
import { refuse } from "./errors.ts";
import { byBytes } from "./outbox/byte-order.ts";
import { bucketCount } from "./outbox/store.ts";

/** A record whose changes commute: operations on it keep no order. */
export interface UnorderedKey {
  readonly unordered: string;
}

/**
 * A record that many operations touch and whose changes commute, such as an account of fees: operations on it do not wait for each
 * other, on either side. Nothing holds it to account but reconciliation.
 *
 * @example keys: (op) => [op.from, op.to, unordered("fees")]
 */
export function unordered(key: string): UnorderedKey {
  return { unordered: key };
}

/** What of the options is about one operation. */
export interface OperationOptions<Op> {
  readonly id: (op: Op) => string;
  readonly keys: (op: Op) => readonly (string | UnorderedKey)[];
  readonly partition?: ((op: Op) => string) | undefined;
}

/** An operation that can be kept. */
export interface Operation<Op> {
  /** As it was when it was handed in, whatever its caller changes afterwards: the follower gets the same. */
  readonly op: Op;
  readonly id: string;
  /** As JSON. */
  readonly text: string;
  readonly digest: string;
  /** Those that keep their order, in byte order. */
  readonly keys: readonly string[];
  readonly partition: string | undefined;
  readonly bucket: number;
}

const mostKeys = 32;
const mostBytes = 64 * 1024;
const longestName = 512;

/**
 * Reads what is to be kept of an operation.
 *
 * @throws {SidelaneError} `invalid-operation`
 */
export function operationOf<Op>(name: string, place: string, options: OperationOptions<Op>, op: Op): Operation<Op> {
  const text = jsonOf(place, "the operation", op);
  const id = nameOf(place, "id", options.id(op));
  const keys = keysOf(place, options.keys(op));
  const partition = options.partition === undefined ? undefined : nameOf(place, "partition", options.partition(op));
  const kept = JSON.parse(text) as Op;
  const digest = createHash("sha256").update(sorted(kept)).digest("hex");
  return { op: kept, id, text, digest, keys, partition, bucket: bucketOf(name, partition) };
}

/** Which of the 64 buckets a partition is in; without partitions, the first is everything's. */
export function bucketOf(name: string, partition: string | undefined): number {
  return partition === undefined ? 0 : murmur3(`${name}:${partition}`) % bucketCount;
}

function keysOf(place: string, given: unknown): readonly string[] {
  const fail = (expected: string): never =>
    refuse("invalid-operation", place, `expected \`keys\` to return ${expected}, got ${described(given)}`);
  if (!Array.isArray(given)) return fail("a list of keys");
  if (given.length === 0 || given.length > mostKeys) {
    const mend = `1 to ${mostKeys} keys, the records that the operation touches`;
    refuse("invalid-operation", place, `expected \`keys\` to return ${mend}, got ${given.length}`);
  }
  // All that may fail later, of which the first is refused.
  for (const each of given) tellFailure(each);
  const ordered: string[] = [];
  const seen = new Set<string>();
  for (const each of given as unknown[]) {
    const commutes = typeof each === "object" && each !== null && "unordered" in each;
    const key = nameOf(place, "keys", commutes ? each.unordered : each);
    if (seen.has(key)) refuse("invalid-operation", place, `\`keys\` returned ${JSON.stringify(key)} twice`);
    seen.add(key);
    if (!commutes) ordered.push(key);
  }
  return ordered.sort(byBytes);
}

/** What came in the place of an answer; of a promise nobody is told that it fails. */
function described(got: unknown): string {
  tellFailure(got);
  return isPromise(got) ? "a promise, which is not waited for" : describe(got);
}

function isPromise(got: unknown): boolean {
  return typeof got === "object" && got !== null && hasThen(got);
}

/** Ids, keys and partitions stand in indexes of databases: PostgreSQL takes no NUL, and up to 2 704 bytes a row. */
export function nameOf(place: string, option: string, got: unknown): string {
  const fits =
    typeof got === "string" &&
    got !== "" &&
    !/[\0\p{Surrogate}]/u.test(got) &&
    new TextEncoder().encode(got).length <= longestName;
  if (!fits) {
    refuse(
      "invalid-operation",
      place,
      `expected \`${option}\` to return text of 1 to ${longestName} bytes, without NUL or half a surrogate pair, got ${described(got)}`,
    );
  }
  return got;
}

/**
 * A value as JSON, of at most 64 KB, that says all of it: what JSON would change or leave out is refused, but keys that are
 * `undefined`.
 *
 * @throws {SidelaneError} `invalid-operation`
 */
export function jsonOf(place: string, what: string, value: unknown): string {
  const at = notJson(value, "$", 0);
  if (at !== undefined) {
    refuse(
      "invalid-operation",
      place,
      `expected ${what} to be JSON, got ${at}. Turn dates, decimals and the like into text`,
    );
  }
  const text = JSON.stringify(value);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > mostBytes) {
    refuse("invalid-operation", place, `expected ${what} to take at most ${mostBytes} bytes as JSON, got ${bytes}`);
  }
  return text;
}

const deepest = 200;

/** Where something is that JSON does not keep, and what. */
function notJson(value: unknown, path: string, depth: number): string | undefined {
  if (value === null || typeof value === "boolean" || typeof value === "string") return undefined;
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? undefined : `${describe(value)} at ${path}`;
  }
  if (typeof value !== "object") return `${describe(value)} at ${path}`;
  if (depth > deepest) return `more than ${deepest} levels at ${path.slice(0, 60)}`;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null || Array.isArray(value);
  if (isPromise(value)) return `${described(value)}, at ${path}`;
  if (!isPlain || "toJSON" in value) return `an object of a class at ${path}`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = notJson(value[index], `${path}[${index}]`, depth + 1);
      if (found !== undefined) return found;
    }
  } else {
    for (const [key, each] of Object.entries(value as Readonly<Record<string, unknown>>)) {
      const found = each === undefined ? undefined : notJson(each, `${path}.${key}`, depth + 1);
      if (found !== undefined) return found;
    }
  }
  // A list has its length besides.
  const kept = Array.isArray(value) ? value.length + 1 : Object.keys(value).length;
  return Reflect.ownKeys(value).length === kept ? undefined : `symbols, hidden keys or keys of a list at ${path}`;
}

/** As JSON, with keys in order: the same for every way to write the same data. */
function sorted(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${sorted(each)}`).join(",")}}`;
}
