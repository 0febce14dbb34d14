/** Values that throw, loop or lie while they are read. Made anew for each use. */
export interface Hostile {
  readonly about: string;
  make(): unknown;
}

const fails = (): never => {
  throw new Error("hostile");
};

export const hostile: readonly Hostile[] = [
  {
    about: "a revoked proxy",
    make() {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  },
  {
    about: "a revoked proxy of an array",
    make() {
      const { proxy, revoke } = Proxy.revocable([], {});
      revoke();
      return proxy;
    },
  },
  { about: "a proxy whose ownKeys throws", make: () => new Proxy({ a: 1 }, { ownKeys: fails }) },
  { about: "a proxy whose get throws", make: () => new Proxy({ a: 1 }, { get: fails }) },
  { about: "a proxy whose getPrototypeOf throws", make: () => new Proxy({ a: 1 }, { getPrototypeOf: fails }) },
  { about: "a proxy that throws undefined", make: () => new Proxy({ a: 1 }, { get: () => { throw undefined; } }) }, // prettier-ignore
  {
    about: "a proxy without end",
    make() {
      const endless: object = new Proxy({ a: 1 }, { get: (_, key) => (key === "a" ? endless : undefined) });
      return endless;
    },
  },
  { about: "a proxy that makes a new self for each read", make: () => forever() },
  { about: "a getter that throws", make: () => Object.defineProperty({}, "a", { enumerable: true, get: fails }) },
  { about: "a toJSON that throws", make: () => new (class Bad { a = 1; toJSON = fails; })() }, // prettier-ignore
  { about: "a toJSON that gives itself anew", make: () => new Endless() },
  {
    about: "a toStringTag that throws",
    make: () => Object.defineProperty({ a: 1 }, Symbol.toStringTag, { get: fails }),
  },
  { about: "a toStringTag that lies", make: () => ({ a: 1, [Symbol.toStringTag]: "Map" }) },
  { about: "a fake date", make: () => Object.create(Date.prototype) as unknown },
  { about: "a fake map", make: () => Object.create(Map.prototype) as unknown },
  { about: "a fake URL", make: () => Object.create(URL.prototype) as unknown },
  { about: "a fake promise", make: () => Object.create(Promise.prototype) as unknown },
  { about: "a then that throws", make: () => Object.defineProperty(new (class Lazy {})(), "then", { get: fails }) },
  { about: "a constructor that throws", make: () => Object.create({ get constructor() { return fails(); } }) as unknown }, // prettier-ignore
  { about: "a map whose size throws", make: () => Object.defineProperty(new Map([[1, 2]]), "size", { get: fails }) },
  {
    about: "an error whose message throws",
    make: () => Object.defineProperty(new Error("a"), "message", { get: fails }),
  },
  { about: "an error whose name is an object", make: () => Object.assign(new Error("a"), { name: {} }) },
  { about: "an error that causes itself", make: causesItself },
  { about: "a deep list", make: () => deep(100_000) },
  { about: "a value with 2^40 paths", make: () => shared(40) },
  { about: "an array of length 2^32 - 1", make: () => Object.assign([], { length: 2 ** 32 - 1 }) },
  { about: "a detached buffer", make: () => detached() },
];

class Endless {
  toJSON(): Endless {
    return new Endless();
  }
}

function forever(): object {
  return new Proxy({ a: 1 }, { get: (_, key) => (key === "a" ? forever() : undefined) });
}

function causesItself(): Error {
  const error = new Error("a");
  error.cause = error;
  return error;
}

export function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { next: value };
  return value;
}

export function shared(levels: number): unknown {
  let value: unknown = { leaf: 1 };
  for (let level = 0; level < levels; level++) value = [value, value];
  return value;
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
