import { derive } from "../runtime/native-promise.ts";
import { mayFollow, shapeOf } from "../runtime/promises.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import { streamKind } from "./stream-kind.ts";

/** Told of what a caller takes out of a stream, before the caller has it. Never throws. */
export interface StreamObserver {
  item(value: unknown): void;
  done(): void;
  failed(error: unknown): void;
  /** The caller takes no more. */
  stopped(): void;
  /** The caller reads it in a way that cannot be seen. */
  lost(reason: string): void;
}

type Step = { readonly done?: unknown; readonly value?: unknown };
type Shadow = (original: AnyFunction) => AnyFunction;

const unseen = "control's stream is read in a way that cannot be observed";

/**
 * Has an observer told of what the caller takes out of a stream. Nothing is taken here: methods of this one object are
 * shadowed by ones that call them and look at what they return. Its identity, class, back-pressure and errors stay.
 *
 * @returns what takes the shadows off again
 */
export function observe(stream: object, observer: StreamObserver): () => void {
  const shadowed: [object, PropertyKey][] = [];
  const shadow = (target: object, name: PropertyKey, make: Shadow): void => {
    const original = (target as Record<PropertyKey, unknown>)[name];
    if (typeof original !== "function") return;
    Object.defineProperty(target, name, {
      value: make(original as AnyFunction),
      configurable: true,
      writable: true,
      enumerable: false,
    });
    shadowed.push([target, name]);
  };
  try {
    const kind = streamKind(stream);
    if (kind === "node") observeNode(stream, observer, shadow);
    else if (kind === "web") observeWeb(stream, observer, shadow);
    else if (kind === "iterator") observeIterator(stream, observer, shadow);
    else observeIterable(stream, Symbol.asyncIterator, observer, shadow);
  } catch {
    // A frozen object, or a hostile proxy.
    observer.lost(unseen);
  }
  return () => {
    for (const [target, name] of shadowed) {
      try {
        Reflect.deleteProperty(target, name);
      } catch {
        // Its owner made it so; the shadow goes on to pass everything through.
      }
    }
  };
}

type AddShadow = (target: object, name: PropertyKey, make: Shadow) => void;

/** `data` is emitted for every chunk that is read, however it is read: by events, pipes, `read()` or iteration. */
function observeNode(stream: object, observer: StreamObserver, shadow: AddShadow): void {
  shadow(
    stream,
    "emit",
    (emit) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const [event, given] = args;
        if (event === "data") observer.item(given);
        else if (event === "end") observer.done();
        else if (event === "error") endByError(given, observer);
        else if (event === "close") observer.stopped();
        return Reflect.apply(emit, this, args);
      } as AnyFunction,
  );
}

/** A reader that leaves a Node stream early destroys it, with this error. */
function endByError(error: unknown, observer: StreamObserver): void {
  let aborted = false;
  try {
    aborted = (error as { readonly code?: unknown } | undefined)?.code === "ABORT_ERR";
  } catch {
    // Whatever it is, it ended the stream.
  }
  if (aborted) observer.stopped();
  else observer.failed(error);
}

function observeWeb(stream: object, observer: StreamObserver, shadow: AddShadow): void {
  shadow(
    stream,
    "getReader",
    (getReader) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const reader = Reflect.apply(getReader, this, args) as object;
        // Readers that bring their own buffer take the bytes away before they can be observed.
        if (args[0] !== undefined) observer.lost(unseen);
        else {
          shadow(reader, "read", stepsOf(observer));
          shadow(
            reader,
            "cancel",
            before(() => observer.stopped()),
          );
        }
        return reader;
      } as AnyFunction,
  );
  for (const name of ["values", Symbol.asyncIterator]) observeIterable(stream, name, observer, shadow);
  shadow(
    stream,
    "cancel",
    before(() => observer.stopped()),
  );
  for (const name of ["pipeTo", "pipeThrough", "tee"])
    shadow(
      stream,
      name,
      before(() => observer.lost(unseen)),
    );
}

function observeIterable(target: object, name: PropertyKey, observer: StreamObserver, shadow: AddShadow): void {
  shadow(
    target,
    name,
    (iterate) =>
      function (this: unknown, ...args: unknown[]): unknown {
        const iterator = Reflect.apply(iterate, this, args) as object;
        try {
          observeIterator(iterator, observer, shadow);
        } catch {
          observer.lost(unseen);
        }
        return iterator;
      } as AnyFunction,
  );
}

function observeIterator(iterator: object, observer: StreamObserver, shadow: AddShadow): void {
  shadow(iterator, "next", stepsOf(observer));
  for (const name of ["return", "throw"])
    shadow(
      iterator,
      name,
      before(() => observer.stopped()),
    );
}

function before(tell: () => void): Shadow {
  return (original) =>
    function (this: unknown, ...args: unknown[]): unknown {
      tell();
      return Reflect.apply(original, this, args);
    } as AnyFunction;
}

function stepsOf(observer: StreamObserver): Shadow {
  return (next) =>
    function (this: unknown, ...args: unknown[]): unknown {
      let given: unknown;
      try {
        given = Reflect.apply(next, this, args);
      } catch (error) {
        observer.failed(error);
        throw error;
      }
      return lookAt(given, observer);
    } as AnyFunction;
}

/** Looks at a step, or at a promise of one, on its way to the caller. */
function lookAt(given: unknown, observer: StreamObserver): unknown {
  if (!mayFollow(given)) {
    see(given, observer);
    return given;
  }
  if (shapeOf(given) !== "promise") {
    observer.lost(unseen);
    return given;
  }
  return derive(
    given,
    (step) => {
      see(step, observer);
      return step;
    },
    (error: unknown) => {
      observer.failed(error);
      throw error;
    },
  );
}

function see(step: unknown, observer: StreamObserver): void {
  try {
    const { done, value } = step as Step;
    if (done) observer.done();
    else observer.item(value);
  } catch {
    observer.lost(unseen);
  }
}
