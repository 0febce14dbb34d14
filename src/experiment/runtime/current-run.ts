import { builtinModule } from "../../model/runtime.ts";
import { StopListeners, type Stop } from "../../model/stop.ts";
import type { AnyFunction } from "../../model/any-function.ts";

/** What code that runs inside a behavior can learn of it. */
export interface CurrentRun {
  readonly experiment: string;
  readonly role: "control" | "candidate";
  /** The candidate's name, or `control`. */
  readonly behavior: string;
  /**
   * Whether its outcome is to be the caller's: control's is, unless the candidate is to answer. Decided before it is called: one that
   * fails does not answer in the end.
   */
  readonly serves: boolean;
  /** Aborted when the candidate times out or its laboratory is closed. Made when it is first read. */
  readonly signal: AbortSignal;
}

/** One call of a candidate, as {@link currentRun} tells it. */
export class Mark implements CurrentRun, Stop {
  readonly experiment: string;
  readonly behavior: string;
  readonly serves: boolean;
  /** Why it was aborted, where it was. */
  reason: DOMException | undefined = undefined;
  private controller: AbortController | undefined = undefined;
  private listeners: StopListeners | undefined = undefined;

  constructor(experiment: string, behavior: string, serves = false) {
    this.experiment = experiment;
    this.behavior = behavior;
    this.serves = serves;
  }

  get role(): CurrentRun["role"] {
    return "candidate";
  }

  get aborted(): boolean {
    return this.reason !== undefined;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason !== undefined) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  timeOut(): void {
    this.abort("The candidate timed out", "TimeoutError");
  }

  abort(message: string, name: string): void {
    this.reason ??= new DOMException(message, name);
    this.controller?.abort(this.reason);
    this.listeners?.tell();
  }

  add(listener: () => void): void {
    (this.listeners ??= new StopListeners()).add(listener);
  }

  delete(listener: () => void): void {
    this.listeners?.delete(listener);
  }
}

/** One call of a candidate that answers its caller in control's place: experiments that it calls are observed as usual. */
export class AnsweringMark extends Mark {
  override get role(): CurrentRun["role"] {
    return "control";
  }
}

/** Every call of an experiment's control that answers, or every one beside a candidate that does: they are all alike. */
export class ControlMark implements CurrentRun {
  readonly experiment: string;
  readonly role = "control";
  readonly behavior = "control";
  readonly serves: boolean;

  constructor(experiment: string, serves = true) {
    this.experiment = experiment;
    this.serves = serves;
  }

  /** Never aborted; a new one each time, since listeners of one call must not pile up on another's. */
  get signal(): AbortSignal {
    return new AbortController().signal;
  }
}

interface Storage {
  run<Args extends unknown[], Value>(store: unknown, call: (...args: Args) => Value, ...args: Args): Value;
  getStore(): unknown;
  enterWith(store: unknown): void;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: (new () => Storage) & { snapshot?(): <Value>(call: () => Value) => Value };
  readonly AsyncResource: new (type: string) => { runInAsyncScope<Value>(call: () => Value): Value };
}

function asyncHooks(): AsyncHooks | undefined {
  const hooks = builtinModule("node:async_hooks") as Partial<AsyncHooks> | undefined;
  return typeof hooks?.AsyncLocalStorage === "function" ? (hooks as AsyncHooks) : undefined;
}

const hooks = asyncHooks();

/** What all copies of the package in a process share (the imported and the required one): who runs at this moment. */
interface Shared {
  /** What the synchronous part belongs to. */
  inside: object | undefined;
  readonly storage: Storage | undefined;
  /** Inside a publisher, hook or listener: whatever it calls is not observed. */
  readonly detachedMark: object;
}

// The number changes with the shape of what is shared.
const sharedKey = Symbol.for("sidelane.runs.1");

function sharedByAll(): Shared {
  const scope = globalThis as { [sharedKey]?: Shared };
  const own: Shared = {
    inside: undefined,
    storage: hooks && new hooks.AsyncLocalStorage(),
    detachedMark: { detached: true },
  };
  try {
    const there = scope[sharedKey];
    if (there !== undefined) return there;
    Object.defineProperty(scope, sharedKey, { value: own, configurable: true });
  } catch {
    // A frozen global object: each copy knows its own runs.
  }
  return own;
}

const shared = sharedByAll();
const { storage, detachedMark } = shared;
// Asked when it first matters: using storage at all makes every promise of the process dearer before Node 24.
let canEnter: boolean | undefined;
const atRoot = rootOf();

/** Not everywhere: Cloudflare's workers have `run` alone, and throw. */
function entersStorage(): boolean {
  try {
    storage?.run(undefined, () => storage.enterWith(undefined));
    return typeof storage?.enterWith === "function";
  } catch {
    return false;
  }
}

/** Taken while the module loads, before any request exists. */
function rootOf(): (<Value>(call: () => Value) => Value) | undefined {
  try {
    return hooks?.AsyncLocalStorage.snapshot?.();
  } catch {
    return undefined;
  }
}

/** Whether calls made here belong to a candidate (`nested`) or to a publisher (`detached`). */
export function surroundings(): "nested" | "detached" | undefined {
  const mark = shared.inside ?? storage?.getStore();
  if (mark === undefined) return undefined;
  return (
    mark === detachedMark ? "detached"
    : (mark as CurrentRun).role === "candidate" ? "nested"
    : undefined
  );
}

/**
 * What runs here, if a behavior of an experiment does. Inside a candidate it holds through every `await`, where the
 * runtime has AsyncLocalStorage; elsewhere, and inside a control, in the synchronous part only.
 *
 * @returns `undefined` outside every behavior
 * @example currentRun()?.role === "candidate" // => keep still: send no mail
 */
export function currentRun(): CurrentRun | undefined {
  const mark = shared.inside ?? storage?.getStore();
  return mark === undefined || mark === detachedMark ? undefined : (mark as CurrentRun);
}

/**
 * Calls a behavior. `through` says whether the mark is to hold through every `await`: never for a control, since
 * entering storage would change control's own context.
 */
export function callAs(mark: CurrentRun, through: boolean, call: AnyFunction, self: unknown, args: unknown[]): unknown {
  const before = shared.inside;
  try {
    // `inside` is what the synchronous part sees, also where the behavior has entered storage of its own.
    shared.inside = mark;
    if (!through || storage === undefined) return Reflect.apply(call, self, args) as unknown;
    canEnter ??= entersStorage();
    if (!canEnter) return storage.run(mark, () => Reflect.apply(call, self, args) as unknown);
    // What `run` does, with nothing looked up or passed on twice.
    const outside = storage.getStore();
    try {
      storage.enterWith(mark);
      return Reflect.apply(call, self, args) as unknown;
    } finally {
      storage.enterWith(outside);
    }
  } finally {
    shared.inside = before;
  }
}

/** Calls a gate or hook: experiments that it calls run their control alone. */
export function callQuietly(call: AnyFunction, self: unknown, args: readonly unknown[]): unknown {
  return quietly(() => Reflect.apply(call, self, args) as unknown);
}

/** Runs rules or hooks of the user's: experiments that they call run their control alone. */
export function quietly<Value>(work: () => Value): Value {
  const before = shared.inside;
  try {
    shared.inside = detachedMark;
    return work();
  } finally {
    shared.inside = before;
  }
}

/** Runs something outside every request's context; experiments that it calls run their control alone. */
export type Detached = <Value>(call: () => Value) => Value;

/** @param through whether that holds through every `await`, where the runtime has AsyncLocalStorage: entering it has its price */
export function detachedAs(through: boolean): Detached {
  const mark: Detached =
    through && storage !== undefined ? (call) => storage.run(detachedMark, () => quietly(call)) : quietly;
  return atRoot === undefined ? mark : (call) => atRoot(() => mark(call));
}

/** Keeps the present context, to run something in it later. */
export function keepContext(): <Value>(call: () => Value) => Value {
  try {
    if (hooks !== undefined) {
      const resource = new hooks.AsyncResource("sidelane");
      return (call) => resource.runInAsyncScope(call);
    }
  } catch {
    // A runtime that has storage, and no resources.
  }
  return (call) => call();
}
