/** What is asked of the headers of a response: those of a `Response` have it, and those that `node:http` received. */
export interface ResponseHeaders extends Iterable<[name: string, value: string]> {
  get(name: string): string | null;
  has(name: string): boolean;
  getSetCookie(): string[];
}

/** Headers as `node:http` has them (name, value, name, value), read as the web's are, at a tenth of the price. */
export class ReceivedHeaders implements ResponseHeaders {
  /** In their order; names in lower case. */
  readonly names: readonly string[];
  readonly values: readonly string[];

  constructor(raw: readonly string[]) {
    const names: string[] = [];
    const values: string[] = [];
    for (let at = 0; at + 1 < raw.length; at += 2) {
      names.push(raw[at]!.toLowerCase());
      values.push(raw[at + 1]!);
    }
    this.names = names;
    this.values = values;
  }

  /** @param name in lower case */
  get(name: string): string | null {
    const { names, values } = this;
    const first = names.indexOf(name);
    if (first < 0) return null;
    let value = values[first]!.trim();
    for (let at = first + 1; at < names.length; at++) if (names[at] === name) value += `, ${values[at]!.trim()}`;
    return value;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  getSetCookie(): string[] {
    return this.values.filter((_value, at) => this.names[at] === "set-cookie").map((value) => value.trim());
  }

  /** By name, in alphabetical order; each `set-cookie` by itself. */
  *[Symbol.iterator](): Iterator<[name: string, value: string]> {
    const joined = new Map<string, string>();
    for (const [at, name] of this.names.entries()) {
      const before = joined.get(name);
      const value = this.values[at]!.trim();
      joined.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    for (const name of [...joined.keys()].sort()) {
      if (name !== "set-cookie") yield [name, joined.get(name)!];
      else for (const value of this.getSetCookie()) yield [name, value];
    }
  }
}
