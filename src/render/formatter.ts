import type { Delta } from "./delta.ts";

/** What is used of a formatter of jsondiffpatch: it goes through a delta, and calls a method for each kind of change. */
export interface DeltaFormatter {
  format(delta: unknown, left: unknown): unknown;
}

/** The module `jsondiffpatch/formatters/base`. */
export interface FormatterModule {
  readonly default: new () => DeltaFormatter;
}

/** Loads jsondiffpatch, which is wanted only where a mismatch is drawn. */
export const loadFormatter = (): PromiseLike<FormatterModule> =>
  import("jsondiffpatch/formatters/base") as unknown as PromiseLike<FormatterModule>;

/** Told of what stands where in a delta, from its start to its end. */
export interface DeltaReader {
  /** Goes to a part; `key` is an object's key or a position, of the candidate's list where `isNew`, else of control's. */
  enter(key: string | number): void;
  leave(): void;
  open(list: boolean, delta: object): void;
  close(list: boolean): void;
  unchanged(left: unknown): void;
  added(candidate: unknown): void;
  removed(control: unknown): void;
  changed(control: unknown, candidate: unknown): void;
}

/** Has jsondiffpatch's own formatter go through a delta: the order of a list's gone, new and changed elements is its work. */
export function readDelta(module: FormatterModule, delta: Delta, left: unknown, reader: DeltaReader): void {
  const lists: boolean[] = [];
  const Base = module.default as new () => DeltaFormatter & {
    formatDeltaChildren(context: unknown, delta: object, left: unknown): void;
  };

  class Reading extends Base {
    rootBegin(): void {}
    rootEnd(): void {}
    nodeBegin(_: unknown, key: string, leftKey: string | number, type: string): void {
      if (lists.at(-1) !== true) reader.enter(key);
      else reader.enter(type === "added" ? Number(key) : Number(leftKey));
    }
    nodeEnd(): void {
      reader.leave();
    }
    format_node(context: unknown, node: object, part: unknown): void {
      const list = Array.isArray(part);
      lists.push(list);
      reader.open(list, node);
      this.formatDeltaChildren(context, node, part);
      reader.close(list);
      lists.pop();
    }
    format_unchanged(_: unknown, __: unknown, part: unknown): void {
      reader.unchanged(part);
    }
    format_added(_: unknown, [candidate]: readonly unknown[]): void {
      reader.added(candidate);
    }
    format_deleted(_: unknown, [control]: readonly unknown[]): void {
      reader.removed(control);
    }
    format_modified(_: unknown, [control, candidate]: readonly unknown[]): void {
      reader.changed(control, candidate);
    }
    // Without it the formatter prints what was thrown to the console, and goes on.
    typeFormattterErrorFormatter(_: unknown, error: unknown): never {
      throw error;
    }
  }

  new Reading().format(delta, left);
}
