import type { Reading } from "./reading.ts";

/** A value of JSON text. Whole numbers that no double holds are bigints; other such numbers are {@link ExactNumber}s. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | ExactNumber
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A number as it is written, since a double would be another one: `1e400`, `0.1000000000000000000001`. */
export interface ExactNumber {
  readonly "(number)": string;
}

/** The key under which all values of a repeated key stand. */
const repeated = "(repeated key)";
const deepest = 1_000;
/** Making a bigint takes the square of its digits. */
const mostBigDigits = 10_000;

/**
 * Parses JSON text, and loses nothing of it in silence: whole numbers beyond 2⁵³ are bigints, those of more than 10 000 digits and
 * others that a double cannot hold keep their digits, and a key that an object has twice has `{ "(repeated key)": [first, second] }`.
 * 1 and 1.0 are the same number.
 *
 * @returns `undefined` where the text is no JSON, or deeper than 1 000 levels
 * @throws {TooMuch}
 */
export function parseJson(text: string, reading: Reading): { readonly value: JsonValue } | undefined {
  try {
    return { value: new Parser(text, reading).parse() };
  } catch (error) {
    if (error instanceof NoJson) return undefined;
    throw error;
  }
}

class NoJson extends Error {}

const spaces = /[ \t\n\r]*/y;
const plainString = /"([^"\\\u0000-\u001f]*)"/y;
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const words: ReadonlyMap<string, null | boolean> = new Map([
  ["n", null],
  ["t", true],
  ["f", false],
]);

class Parser {
  readonly #text: string;
  readonly #reading: Reading;
  #at = 0;

  constructor(text: string, reading: Reading) {
    this.#reading = reading;
    // A byte order mark is allowed to be ignored by RFC 8259.
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  parse(): JsonValue {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw new NoJson();
    return value;
  }

  #value(depth: number): JsonValue {
    if (depth > deepest) throw new NoJson();
    this.#reading.take();
    this.#skip();
    const first = this.#text[this.#at];
    switch (first) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "n":
      case "t":
      case "f":
        return this.#word(first);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonValue {
    const object: Record<string, JsonValue> = {};
    const values = new Map<string, JsonValue[]>();
    this.#at += 1;
    if (this.#takes("}")) return object;
    do {
      this.#skip();
      const key = this.#string();
      if (!this.#takes(":")) throw new NoJson();
      const value = this.#value(depth + 1);
      if (!Object.hasOwn(object, key)) {
        put(object, key, value);
        continue;
      }
      const all = values.get(key) ?? [object[key]!];
      all.push(value);
      values.set(key, all);
    } while (this.#takes(","));
    if (!this.#takes("}")) throw new NoJson();
    for (const [key, all] of values) put(object, key, { [repeated]: all });
    return object;
  }

  #array(depth: number): JsonValue {
    const array: JsonValue[] = [];
    this.#at += 1;
    if (this.#takes("]")) return array;
    do array.push(this.#value(depth + 1));
    while (this.#takes(","));
    if (!this.#takes("]")) throw new NoJson();
    return array;
  }

  #string(): string {
    const plain = this.#match(plainString);
    if (plain !== undefined) return plain[1]!;
    if (this.#text[this.#at] !== '"') throw new NoJson();
    const quoted = this.#text.slice(this.#at, this.#endOfString());
    this.#at += quoted.length;
    try {
      return JSON.parse(quoted) as string;
    } catch {
      throw new NoJson();
    }
  }

  /** A pattern would run out of stack in a long one. */
  #endOfString(): number {
    for (let end = this.#text.indexOf('"', this.#at + 1); end > 0; end = this.#text.indexOf('"', end + 1)) {
      let slashes = end;
      while (this.#text[slashes - 1] === "\\") slashes -= 1;
      if ((end - slashes) % 2 === 0) return end + 1;
    }
    throw new NoJson();
  }

  #word(first: string): null | boolean {
    const value = words.get(first)!;
    const word = String(value);
    if (!this.#text.startsWith(word, this.#at)) throw new NoJson();
    this.#at += word.length;
    return value;
  }

  #number(): number | bigint | ExactNumber {
    const found = this.#match(number);
    if (found === undefined) throw new NoJson();
    const [written, fraction, exponent] = found;
    const value = Number(written);
    // Every number of at most 15 digits is told apart from every other by a double.
    if (written.length <= 15 && exponent === undefined) return value;
    if (fraction === undefined && exponent === undefined && written.length <= mostBigDigits)
      return Number.isSafeInteger(value) ? value : BigInt(written);
    return digitsOf(written) === digitsOf(String(value)) ? value : { "(number)": written };
  }

  #skip(): void {
    spaces.lastIndex = this.#at;
    spaces.test(this.#text);
    this.#at = spaces.lastIndex;
  }

  #takes(sign: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }
}

/** Not by assignment: a key may be called `__proto__`. */
function put(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A number's significant digits and its exponent: the same for `1.50e3`, `1500` and `15e2`. */
function digitsOf(written: string): string {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(written) ?? [];
  if (whole === undefined) return written;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  let end = digits.length;
  // A pattern would look from every zero to the end of its row.
  while (digits[end - 1] === "0") end -= 1;
  const significant = digits.slice(0, end);
  if (significant === "") return "0";
  const scale = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${scale}`;
}
