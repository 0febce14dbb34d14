import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { AnyFunction } from "../../src/model/any-function.ts";
import { Laboratory } from "../../src/index.ts";
import { cases } from "../cases.ts";

// Law one: whoever calls the wrapped function cannot tell it from control. Shown side by side, bare and wrapped.

const runs = cases(20_000);

const unhandled: unknown[] = [];
const remember = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", remember);
process.on("uncaughtException", remember);
afterAll(() => {
  process.off("unhandledRejection", remember);
  process.off("uncaughtException", remember);
});

const cycle: { self?: unknown } = {};
cycle.self = cycle;
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
const refuse = (): never => {
  throw new Error("refused");
};

/** What a promise can be resolved with, as it is. */
const values: readonly unknown[] = [
  undefined,
  null,
  0,
  -0,
  NaN,
  "",
  "text",
  false,
  10n,
  Symbol("s"),
  refuse,
  { id: 1, name: "Ada" },
  [1, [2], { three: 3 }],
  cycle,
  new Map([["a", { b: 1 }]]),
  new Date(NaN),
  Object.freeze({ frozen: true }),
  Object.create(null),
  Object.defineProperty({}, "value", { enumerable: true, get: refuse }),
  { toJSON: refuse },
  new Error("a value"),
  new Uint8Array([1, 2]),
];

/** What can only be returned or thrown: reading its `then` fails. */
const untouchable: readonly unknown[] = [...values, proxy, new Proxy({}, { get: refuse, getPrototypeOf: refuse })];

type Kind = "return" | "throw" | "resolve" | "reject" | "own-methods" | "thenable" | "hang";

interface Behavior {
  readonly kind: Kind;
  readonly value: number;
  readonly ticks: number;
}

function behaviors(...kinds: Kind[]): fc.Arbitrary<Behavior> {
  return fc.record({
    kind: fc.constantFrom(...kinds),
    value: fc.nat(untouchable.length - 1),
    ticks: fc.nat(5),
  });
}

async function later(ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
}

function act({ kind, value, ticks }: Behavior): unknown {
  const plain = values[value % values.length];
  switch (kind) {
    case "return":
      return untouchable[value];
    case "throw":
      throw untouchable[value];
    case "resolve":
      return later(ticks).then(() => plain);
    case "reject":
      return later(ticks).then(() => {
        throw untouchable[value];
      });
    case "own-methods":
      return Object.assign(
        later(ticks).then(() => plain),
        { cancel: () => "cancelled" },
      );
    case "thenable":
      return {
        then(resolve: (settled: unknown) => void) {
          resolve(plain);
        },
      };
    case "hang":
      return new Promise(() => undefined);
  }
}

interface Call {
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly given: unknown;
}

/** A control that remembers how it was called and what it gave. */
function remembering(behavior: Behavior): { control: AnyFunction; calls: Call[] } {
  const calls: Call[] = [];
  function named(this: unknown, first: unknown, second: unknown, ...rest: unknown[]): unknown {
    const call = { self: this, args: [first, second, ...rest], given: undefined as unknown };
    calls.push(call);
    return (call.given = act(behavior));
  }
  return { control: named as AnyFunction, calls };
}

interface Ending {
  readonly way: "returned" | "threw" | "resolved" | "rejected" | "never";
  readonly value: unknown;
  /** Microtasks until whoever waits goes on. */
  readonly ticks: number;
}

async function endingOf(call: AnyFunction, self: unknown, args: readonly unknown[]): Promise<Ending> {
  let given: unknown;
  try {
    given = Reflect.apply(call, self, args);
  } catch (error) {
    return { way: "threw", value: error, ticks: 0 };
  }
  if (!isNativePromise(given)) return { way: "returned", value: given, ticks: 0 };
  const ending: { now?: Ending } = {};
  let ticks = 0;
  void given.then(
    (value) => (ending.now = { way: "resolved", value, ticks }),
    (error: unknown) => (ending.now = { way: "rejected", value: error, ticks }),
  );
  while (ending.now === undefined && ticks < 40) {
    await Promise.resolve();
    ticks += 1;
  }
  return ending.now ?? { way: "never", value: undefined, ticks };
}

function isNativePromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise;
  } catch {
    return false;
  }
}

const comparers = {
  "built-in": undefined,
  yes: () => true,
  throws: refuse,
  rejects: () => Promise.reject(new Error("no")),
  untouchable: () => proxy as never,
};
const publishers = {
  none: undefined,
  ok: () => undefined,
  throws: refuse,
  rejects: () => Promise.reject(new Error("no")),
  hangs: () => new Promise<void>(() => undefined),
};
const gates = {
  none: undefined,
  yes: () => true,
  no: () => false,
  throws: refuse,
  rejects: () => Promise.reject(new Error("no")),
};
const prepares = { none: undefined, others: () => ["other"], throws: refuse, nothing: () => undefined };

function oneOf<Choice extends object>(choices: Choice): fc.Arbitrary<keyof Choice> {
  return fc.constantFrom(...(Object.keys(choices) as (keyof Choice)[]));
}

const settings = fc.record({
  control: behaviors("return", "throw", "resolve", "reject", "own-methods", "thenable"),
  candidate: behaviors("return", "throw", "resolve", "reject", "own-methods", "thenable", "hang"),
  second: fc.option(behaviors("return", "throw", "resolve", "reject"), { nil: undefined, freq: 4 }),
  compare: oneOf(comparers),
  publisher: oneOf(publishers),
  enabled: oneOf(gates),
  prepare: oneOf(prepares),
  contextThrows: fc.boolean(),
  sample: fc.constantFrom(0, 0.5, 1),
  order: fc.constantFrom("control-first" as const, "random" as const, "deferred" as const),
  isolate: fc.boolean(),
  faults: fc.boolean(),
  args: fc.array(fc.nat(values.length - 1), { maxLength: 4 }),
});
type Setting = typeof settings extends fc.Arbitrary<infer Each> ? Each : never;

function wrapped(setting: Setting, control: AnyFunction): { lab: Laboratory; call: AnyFunction } {
  const publish = publishers[setting.publisher];
  const lab = new Laboratory({
    ...(publish && { publishers: [{ name: "given", publish }] }),
    ...(setting.faults && { onFault: refuse }),
  });
  const { candidate, second } = setting;
  const sides =
    second === undefined ?
      { candidate: () => act(candidate) }
    : { candidates: { one: () => act(candidate), two: () => act(second) } };
  const definition = {
    control,
    ...sides,
    compare: comparers[setting.compare],
    enabled: gates[setting.enabled],
    prepare: prepares[setting.prepare],
    ...(setting.contextThrows && { context: refuse }),
    sample: setting.sample,
    order: setting.order,
    isolate: setting.isolate,
  };
  const defined = Object.fromEntries(Object.entries(definition).filter(([, option]) => option !== undefined));
  return { lab, call: lab.experiment("law-one", defined as never) };
}

describe("a wrapped function", () => {
  it(`is not to be told from its control, in ${runs} cases`, { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (setting) => {
        const self = { me: true };
        const args = setting.args.map((index) => values[index]);
        const bare = remembering(setting.control);
        const held = remembering(setting.control);
        const { lab, call } = wrapped(setting, held.control);

        expect([call.name, call.length]).toEqual([held.control.name, held.control.length]);
        const alone = await endingOf(bare.control, self, args);
        const beside = await endingOf(call, self, args);

        expect(beside.way).toBe(alone.way);
        const [made] = held.calls;
        const opaque = setting.control.kind === "own-methods" || setting.control.kind === "thenable";
        // What is made afresh by each call is the very object that control gave to this one.
        if (opaque && beside.way === "returned") expect(Object.is(beside.value, made!.given)).toBe(true);
        else expect(Object.is(beside.value, alone.value)).toBe(true);
        expect(beside.ticks).toBeLessThanOrEqual(alone.ticks + 1);

        expect(held.calls).toHaveLength(1);
        expect(Object.is(made!.self, self)).toBe(true);
        const expected = bare.calls[0]!.args;
        expect(made!.args.length).toBe(expected.length);
        expect(made!.args.every((arg, index) => Object.is(arg, expected[index]))).toBe(true);

        const { calls, started, skips } = lab.status().experiments["law-one"]!;
        expect(calls).toBe(1);
        expect(started + Object.values(skips).reduce((sum, times) => sum + times, 0)).toBe(1);
      }),
      { numRuns: runs },
    );
    // Rejections that nobody handles are told a turn later.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});
