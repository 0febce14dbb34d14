import type { AnyFunction } from "../define/options.ts";

/** What code that runs inside a behaviour can learn of it. */
export interface CurrentRun {
  readonly experiment: string;
  readonly role: "control" | "candidate";
  /** The candidate's name, or `control`. */
  readonly behaviour: string;
  /** Aborted when the candidate times out or its laboratory is closed. Made when it is first read. */
  readonly signal: AbortSignal;
}

/** One call of a candidate, as {@link currentRun} tells it. */
export class Mark implements CurrentRun {
  readonly experiment: string;
  readonly behaviour: string;
  private timedOut = false;
  private controller: AbortController | undefined = undefined;

  constructor(experiment: string, behaviour: string) {
    this.experiment = experiment;
    this.behaviour = behaviour;
  }

  get role(): "candidate" {
    return "candidate";
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.timedOut) this.timeOut();
    return this.controller.signal;
  }

  timeOut(): void {
    this.timedOut = true;
    this.controller?.abort(new DOMException("The candidate timed out", "TimeoutError"));
  }
}

/** Every call of an experiment's control: there is nothing to tell of one that is not true of all. */
export class ControlMark implements CurrentRun {
  readonly experiment: string;
  readonly role = "control";
  readonly behaviour = "control";

  constructor(experiment: string) {
    this.experiment = experiment;
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

const hooks = (globalThis as { process?: { getBuiltinModule?: (id: string) => unknown } }).process?.getBuiltinModule?.(
  "node:async_hooks",
) as AsyncHooks | undefined;

const storage = hooks && new hooks.AsyncLocalStorage();
// Taken while the module loads, before any request exists.
const atRoot: (<Value>(call: () => Value) => Value) | undefined = hooks?.AsyncLocalStorage.snapshot?.();

/** Inside a publisher, hook or listener: whatever it calls is not observed. */
const detachedMark = { detached: true };

let inside: object | undefined;

/** Whether calls made here belong to a candidate (`nested`) or to a publisher (`detached`). */
export function surroundings(): "nested" | "detached" | undefined {
  const mark = inside ?? storage?.getStore();
  if (mark === undefined) return undefined;
  return (
    mark === detachedMark ? "detached"
    : (mark as CurrentRun).role === "candidate" ? "nested"
    : undefined
  );
}

/**
 * What runs here, if a behaviour of an experiment does. Inside a candidate it holds through every `await`, where the
 * runtime has AsyncLocalStorage; elsewhere, and inside a control, in the synchronous part only.
 *
 * @returns `undefined` outside of every behaviour
 * @example currentRun()?.role === "candidate" // => keep still: send no mail
 */
export function currentRun(): CurrentRun | undefined {
  const mark = inside ?? storage?.getStore();
  return mark === undefined || mark === detachedMark ? undefined : (mark as CurrentRun);
}

/**
 * Calls a behaviour. `through` says whether the mark is to hold through every `await`: never for a control, since
 * entering storage would change control's own context.
 */
export function callAs(mark: CurrentRun, through: boolean, call: AnyFunction, self: unknown, args: unknown[]): unknown {
  const before = inside;
  // `inside` is what the synchronous part sees, also where the behaviour has entered storage of its own.
  inside = mark;
  if (!through || storage === undefined) {
    try {
      return Reflect.apply(call, self, args) as unknown;
    } finally {
      inside = before;
    }
  }
  // What `run` does, with nothing looked up or passed on twice.
  const outside = storage.getStore();
  storage.enterWith(mark);
  try {
    return Reflect.apply(call, self, args) as unknown;
  } finally {
    storage.enterWith(outside);
    inside = before;
  }
}

/** Calls a gate or hook: experiments that it calls run their control alone. */
export function callQuietly(call: AnyFunction, self: unknown, args: readonly unknown[]): unknown {
  return quietly(() => Reflect.apply(call, self, args) as unknown);
}

/** Runs rules or hooks of the user's: experiments that they call run their control alone. */
export function quietly<Value>(work: () => Value): Value {
  const before = inside;
  inside = detachedMark;
  try {
    return work();
  } finally {
    inside = before;
  }
}

/** Runs something outside of every request's context; experiments that it calls run their control alone. */
export type Detached = <Value>(call: () => Value) => Value;

/** @param through whether that holds through every `await`, where the runtime has AsyncLocalStorage: entering it has its price */
export function detachedAs(through: boolean): Detached {
  const mark: Detached =
    through && storage !== undefined ? (call) => storage.run(detachedMark, () => quietly(call)) : quietly;
  return atRoot === undefined ? mark : (call) => atRoot(() => mark(call));
}

/** Keeps the present context, to run something in it later. */
export function keepContext(): <Value>(call: () => Value) => Value {
  if (hooks === undefined) return (call) => call();
  const resource = new hooks.AsyncResource("sidelane");
  return (call) => resource.runInAsyncScope(call);
}
