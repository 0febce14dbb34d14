import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { AnyFunction } from "../../src/model/any-function.ts";
import { Laboratory } from "../../src/index.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";
import { cases } from "../cases.ts";

// Law one: whoever calls the wrapped function cannot tell it from control. Shown side by side, bare and wrapped.

// A draw of them: `CASES_SHARE=10` tries 20 000 of each.
const runs = cases(5_000);
const servedRuns = cases(2_000);

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

type Kind =
  | "return"
  | "throw"
  | "resolve"
  | "reject"
  | "own-methods"
  | "thenable"
  | "hang"
  // Followed by their own `then` alone: what a promise's slots hold is another answer, or another failure.
  | "subclass"
  | "subclass-rejects"
  | "subclass-rejects-twice"
  | "lazy"
  | "lazy-rejects";
const opaqueKinds: readonly Kind[] = [
  "own-methods",
  "thenable",
  "subclass",
  "subclass-rejects",
  "lazy",
  "lazy-rejects",
];

/** How often each of them was told to begin. */
const begun = new WeakMap<object, number>();
function begin(work: object): void {
  begun.set(work, begunOf(work) + 1);
}
function begunOf(work: unknown): number {
  return begun.get(work as object) ?? 0;
}

type Settle = ((value: unknown) => unknown) | null | undefined;

/** As clients of language models and of databases make them: a promise by its class, whose own `then` gives the answer. */
class Parsed extends Promise<unknown> {
  readonly #answer: () => Promise<unknown>;

  constructor(answer: () => Promise<unknown>, raw?: unknown) {
    super((resolve, reject) => {
      if (raw === undefined) resolve("raw");
      else reject(raw);
    });
    this.#answer = answer;
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then(fulfil?: Settle, reject?: Settle): Promise<never> {
    begin(this);
    return this.#answer().then(fulfil, reject) as Promise<never>;
  }
}

/** As query builders are: nothing runs before `then` is called, and each call runs it once more. */
class Lazy {
  readonly #answer: () => Promise<unknown>;

  constructor(answer: () => Promise<unknown>) {
    this.#answer = answer;
  }

  then(fulfil?: Settle, reject?: Settle): Promise<unknown> {
    begin(this);
    return this.#answer().then(fulfil, reject);
  }
}

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
  const answers = (): Promise<unknown> => later(ticks).then(() => plain);
  const refuses = (): Promise<unknown> =>
    later(ticks).then(() => {
      throw untouchable[value];
    });
  switch (kind) {
    case "return":
      return untouchable[value];
    case "throw":
      throw untouchable[value];
    case "resolve":
      return answers();
    case "reject":
      return refuses();
    case "own-methods":
      return Object.assign(answers(), { cancel: () => "cancelled" });
    case "subclass":
      return new Parsed(answers);
    case "subclass-rejects":
      return new Parsed(refuses);
    case "subclass-rejects-twice":
      return new Parsed(refuses, new Error("raw"));
    case "lazy":
      return new Lazy(answers);
    case "lazy-rejects":
      return new Lazy(refuses);
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
  /** What came back at once, if anything did. */
  readonly given?: unknown;
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
  if (!isNativePromise(given)) return { given, way: "returned", value: given, ticks: 0 };
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
  return { ...(ending.now ?? { way: "never", value: undefined, ticks }), given };
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
  control: behaviors("return", "throw", "resolve", "reject", ...opaqueKinds),
  candidate: behaviors("return", "throw", "resolve", "reject", ...opaqueKinds, "subclass-rejects-twice", "hang"),
  shadow: fc.boolean(),
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
    ...(setting.shadow && second === undefined && { rollout: "shadow" }),
    isolate: setting.isolate,
  };
  const defined = Object.fromEntries(Object.entries(definition).filter(([, option]) => option !== undefined));
  return { lab, call: lab.experiment("law-one", defined as never) };
}

describe("a wrapped function", () => {
  it("is not to be told from its control, in whatever case is drawn", { timeout: 600_000 }, async () => {
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
        // What is made afresh by each call is the very object that control gave to this one.
        if (opaqueKinds.includes(setting.control.kind)) {
          expect(Object.is(beside.given, made!.given)).toBe(true);
          expect(begunOf(made!.given)).toBe(begunOf(bare.calls[0]!.given));
        }
        if (beside.way !== "returned" || !opaqueKinds.includes(setting.control.kind)) {
          expect(Object.is(beside.value, alone.value)).toBe(true);
        }
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
    await nothingIsUnhandled();
  });
});

/** What answers a call under a rollout may have to go through a promise, which cannot be resolved with what nobody can read. */
function resolvable(behavior: Behavior): Behavior {
  return behavior.kind === "return" ? { ...behavior, value: behavior.value % values.length } : behavior;
}

const servedSettings = fc.record({
  control: behaviors("return", "throw", "resolve", "reject", ...opaqueKinds).map(resolvable),
  candidate: behaviors(
    ...(["return", "throw", "resolve", "reject", ...opaqueKinds, "subclass-rejects-twice", "hang"] as const),
  ).map(resolvable),
  rollout: fc.constantFrom("shadow" as const, "live" as const, { serve: 0.5, compare: 1 }, { serve: 1, compare: 0.5 }),
  onMismatch: fc.constantFrom("serve" as const, "control" as const),
  order: fc.constantFrom("control-first" as const, "random" as const),
  draw: fc.constantFrom(0, 0.4, 0.9),
  key: fc.constantFrom("a", "b", "c", "d"),
});

/** What whoever awaits a behavior comes to. */
async function awaited(call: () => unknown): Promise<{ readonly way: string; readonly value: unknown }> {
  try {
    const given = call();
    return { way: "returned", value: canBeAwaited(given) ? await given : given };
  } catch (error) {
    return { way: "threw", value: error };
  }
}

describe("a function under a rollout", () => {
  it("returns just what one of both sides answers, in whatever case is drawn", { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(servedSettings, async ({ control, candidate, rollout, onMismatch, order, draw, key }) => {
        const clock = fixedClock();
        const lab = new Laboratory({ clock, random: () => draw });
        const held = remembering(control);
        const beside = remembering(candidate);
        const call: AnyFunction = lab.experiment("law-one", {
          control: held.control,
          candidate: beside.control,
          key: () => key,
          order,
          limits: { timeoutMs: 50 },
          rollout: typeof rollout === "string" ? rollout : { ...rollout, onMismatch },
        } as never);

        const answer = awaited(() => call());
        await clock.advanceAsync(60);
        const got = await answer;

        const alone = await awaited(() => act(control));
        // Nobody here would take what the slots of this kind hold.
        const kind = candidate.kind === "subclass-rejects-twice" ? "subclass-rejects" : candidate.kind;
        const other = hangs(candidate) ? alone : await awaited(() => act({ ...candidate, kind }));
        const isControls = got.way === alone.way && Object.is(got.value, alone.value);
        const mayServe = rollout !== "shadow" && !hangs(candidate) && other.way === "returned";
        const isCandidates = mayServe && got.way === "returned" && Object.is(got.value, other.value);
        expect(isControls || isCandidates, JSON.stringify({ control, candidate, rollout, onMismatch, draw, key })).toBe(
          true,
        );
        const closing = lab.close({ timeoutMs: 0 });
        await clock.advanceAsync(1);
        await closing;

        // Each side once at most; what the candidate gives is begun once, control's by nobody but its caller.
        expect(held.calls.length).toBeLessThanOrEqual(1);
        expect(beside.calls.length).toBeLessThanOrEqual(1);
        expect(held.calls.length + beside.calls.length).toBeGreaterThan(0);
        for (const { given } of beside.calls) {
          if (isCounted(candidate)) expect(begunOf(given)).toBe(1);
        }
        for (const { given } of held.calls) {
          if (isCounted(control)) expect(begunOf(given)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: servedRuns },
    );
    await nothingIsUnhandled();
  });
});

function canBeAwaited(given: unknown): boolean {
  try {
    return typeof (given as PromiseLike<unknown> | undefined | null)?.then === "function";
  } catch {
    return false;
  }
}

function hangs({ kind }: Behavior): boolean {
  return kind === "hang";
}

function isCounted({ kind }: Behavior): boolean {
  return kind.startsWith("subclass") || kind.startsWith("lazy");
}

/** Rejections that nobody handles are told a turn later. */
async function nothingIsUnhandled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
}
