// What is endless is long enough to tell who walks all of it, and short enough for a test to end: a test of one thread cannot
// stop what holds the thread.
/** Values on which code that walks, prints or serializes them tends to fail; each with what it is. Made afresh each time. */
export function hostileValues(): readonly (readonly [about: string, value: unknown])[] {
  return [
    ["undefined", undefined],
    ["a bigint", 10n ** 30n],
    ["not a number", NaN],
    ["a symbol", Symbol("s")],
    ["a function", () => undefined],
    ["a cycle", cycle()],
    ["a depth of 20 000", deep(20_000)],
    ["2^23 paths through shared references", shared(23)],
    ["an array of 100 000 elements", Array.from({ length: 100_000 }, (_, index) => index)],
    [
      "an object of 20 000 keys",
      Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`key${index}`, index])),
    ],
    ["a sparse array of 5 000 000 holes", Object.assign([], { length: 5_000_000 })],
    ["a string of 1 MB", "x".repeat(1_000_000)],
    ["lone surrogates and control characters", "\ud800\u001b[2J\u202e\u0000\n"],
    ["a getter that throws", Object.defineProperty({}, "value", { enumerable: true, get: refuse })],
    ["a toJSON that throws", { toJSON: refuse }],
    ["a toString that throws", { toString: refuse, valueOf: refuse, [Symbol.toPrimitive]: refuse }],
    ["a revoked proxy", revoked()],
    ["a proxy that refuses everything", refusing()],
    ["no prototype", Object.assign(Object.create(null) as object, { a: 1 })],
    ["a key __proto__", JSON.parse('{"__proto__": {"polluted": true}}')],
    ["an invalid date", new Date(NaN)],
    ["a detached buffer", detached()],
    ["an error that is its own cause", ownCause()],
    ["a promise that never settles", new Promise(() => undefined)],
  ];
}

function refuse(): never {
  throw new Error("refused");
}

function cycle(): unknown {
  const value: Record<string, unknown> = {};
  value["self"] = { list: [value], map: new Map([["self", value]]) };
  return value;
}

function deep(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = { below: value };
  return value;
}

function shared(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value, value];
  return value;
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function refusing(): unknown {
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse, getOwnPropertyDescriptor: refuse },
  );
}

function detached(): unknown {
  const buffer = new ArrayBuffer(8);
  const view = new Uint8Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
}

function ownCause(): unknown {
  const error = new Error("no");
  error.cause = error;
  return error;
}
