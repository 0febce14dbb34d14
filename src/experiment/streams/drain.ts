import { ignoreRejection, mayFollow, watch } from "../runtime/promises.ts";
import { callAs, type Mark } from "../runtime/current-run.ts";
import type { AnyFunction } from "../../model/any-function.ts";
import type { Collected } from "./collected-items.ts";

interface Iterating {
  readonly next: AnyFunction;
  readonly return?: AnyFunction;
}

/** What a drain tells. */
export interface DrainListener {
  /** An item came, or the wait for one begins. */
  alive(): void;
  ended(): void;
  failed(error: unknown): void;
}

/** Takes a candidate's items one at a time, as many as it is allowed, and keeps them. */
export class Drain {
  readonly collected: Collected;
  readonly #mark: Mark;
  readonly #through: boolean;
  readonly #listener: DrainListener;
  #iterator: Iterating | undefined;
  #allowed = 0;
  #taken = 0;
  #waiting = false;
  #open = true;

  constructor(stream: object, collected: Collected, mark: Mark, through: boolean, listener: DrainListener) {
    this.collected = collected;
    this.#mark = mark;
    this.#through = through;
    this.#listener = listener;
    try {
      this.#iterator = this.#call(() => iteratorOf(stream)) as Iterating;
    } catch (error) {
      this.#open = false;
      listener.failed(error);
    }
  }

  /** May take so many items in all. */
  allow(items: number): void {
    this.#allowed = Math.max(this.#allowed, items);
    this.#pump();
  }

  /** Takes no more, and lets the candidate clean up. */
  cancel(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      const iterator = this.#iterator!;
      if (typeof iterator.return === "function") {
        ignoreRejection(this.#call(() => Reflect.apply(iterator.return!, iterator, []) as unknown));
      }
    } catch {
      // The candidate's own trouble; nobody waits for it.
    }
  }

  #pump(): void {
    // Steps that are there at once are taken in a loop: as recursion they would fill the stack.
    while (this.#open && !this.#waiting && this.#taken < this.#allowed) {
      this.#waiting = true;
      this.#listener.alive();
      const iterator = this.#iterator!;
      let step: unknown;
      try {
        step = this.#call(() => Reflect.apply(iterator.next, iterator, []) as unknown);
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (mayFollow(step)) {
        watch(
          step,
          (settled) => {
            this.#see(settled);
            this.#pump();
          },
          (error) => this.#fail(error),
          this.#mark,
          this.#through,
        );
        return;
      }
      this.#see(step);
    }
  }

  #see(step: unknown): void {
    if (!this.#open) return;
    this.#waiting = false;
    try {
      const { done, value } = step as { readonly done?: unknown; readonly value?: unknown };
      if (done) {
        this.#open = false;
        this.#listener.ended();
        return;
      }
      this.#taken += 1;
      if (this.collected.add(value)) this.#listener.alive();
      else this.#giveUp();
    } catch (error) {
      this.#fail(error);
    }
  }

  #giveUp(): void {
    this.cancel();
    this.#listener.ended();
  }

  #fail(error: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener.failed(error);
  }

  #call(call: () => unknown): unknown {
    return callAs(this.#mark, this.#through, call, undefined, []);
  }
}

function iteratorOf(stream: object): unknown {
  const iterable = stream as Partial<Record<symbol, AnyFunction>> & { readonly next?: unknown };
  const iterate = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator];
  if (typeof iterate === "function") return Reflect.apply(iterate, stream, []) as unknown;
  return readerOf(stream as WebStream);
}

interface WebStream {
  getReader(): { read(): unknown; cancel(): unknown };
}

/** For runtimes in which a `ReadableStream` cannot be iterated. */
function readerOf(stream: WebStream): Iterating {
  const reader = stream.getReader();
  return { next: (() => reader.read()) as AnyFunction, return: (() => reader.cancel()) as AnyFunction };
}
