import { longestAlike, type AlikeLists } from "../kinds/alike-lists.ts";
import { systemClock } from "../../model/clock.ts";
import { defaultCaptureLimits, type CaptureLimits } from "./capture-limits.ts";
import { manyKeys, noteLarge } from "../kinds/large-objects.ts";

/** Goes up through the copying, and no further. Not an `Error`, whose stack would cost more than the copying. */
export class OverLimit {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** What one capture knows while it goes on. */
export class Copying {
  limits: CaptureLimits = defaultCaptureLimits;
  mostMs: number = Infinity;
  /** Known once the clock was looked at. */
  deadline: number | undefined = undefined;
  untilLook: number = nodesBetweenLooks;
  /** Functions of the user's get the copy, and may call its methods. */
  forFunctions = false;
  /** What is left. */
  nodes = 0;
  length = 0;
  depth = 0;
  /** What was entered last at each of the first levels, and its copy: a cycle leads back to one of them. */
  readonly originals: (object | undefined)[] = [];
  readonly copies: unknown[] = [];
  levels = 0;
  /** By original: all copies, where each part that is shared has to be found again; else those further down. */
  index: Map<object, unknown> | undefined = undefined;
  indexesAll = false;
  /** Lists of both sides that begin alike, as far as a look has seen. */
  alike: AlikeLists | undefined = undefined;
  /** No object in what is being copied has keys that are symbols, as a look has seen. */
  named = false;
  /** Some object has a key that is a symbol, or is not copied key by key. */
  symbols = false;

  begin(limits: CaptureLimits, forFunctions: boolean, mostMs: number): this {
    this.limits = limits;
    this.mostMs = mostMs;
    this.deadline = undefined;
    this.untilLook = nodesBetweenLooks;
    this.forFunctions = forFunctions;
    this.nodes = limits.nodes ?? defaultCaptureLimits.nodes;
    this.length = limits.length ?? defaultCaptureLimits.length;
    this.depth = limits.depth ?? defaultCaptureLimits.depth;
    this.symbols = false;
    this.named = false;
    this.alike = longestAlike();
    this.indexesAll = forFunctions;
    return this;
  }

  /**
   * From the start, in the time that is left.
   *
   * @param indexesAll whether what is shared is now found wherever it is
   */
  again(indexesAll: boolean): void {
    const { deadline } = this;
    this.end();
    this.begin(this.limits, this.forFunctions, this.mostMs);
    this.deadline = deadline;
    this.indexesAll ||= indexesAll;
  }

  /** Lets go of every value. */
  end(): void {
    for (let level = 0; level < this.levels; level++) this.originals[level] = this.copies[level] = undefined;
    this.levels = 0;
    this.index = this.alike = undefined;
  }
}

/** Takes characters or bytes from what is left. */
export function spend(length: number, copying: Copying): void {
  if ((copying.length -= length) < 0)
    throw new OverLimit(`more than ${copying.limits.length ?? defaultCaptureLimits.length} characters and bytes`);
}

export function spendNodes(count: number, copying: Copying): void {
  if ((copying.untilLook -= count) < 0) lookAtClock(copying);
  if ((copying.nodes -= count) < 0)
    throw new OverLimit(`more than ${copying.limits.nodes ?? defaultCaptureLimits.nodes} values`);
}

// Small values never ask for the time.
const nodesBetweenLooks = 64;

function lookAtClock(copying: Copying): void {
  copying.untilLook = nodesBetweenLooks;
  const now = systemClock.monotonic();
  copying.deadline ??= now + copying.mostMs;
  if (now > copying.deadline) throw new OverLimit(`longer than ${copying.mostMs} ms`);
}

/** Copying keys takes several times as long as listing them: what has too many is not copied first. */
export function refuseLarge(value: object, copying: Copying): void {
  if (!hasMoreKeys(value, copying.nodes)) return;
  const { length } = Object.keys(value);
  if (length >= manyKeys) noteLarge(value);
  spendNodes(length, copying);
}

/** Makes no list: most objects are small, and keep one of their own. */
function hasMoreKeys(value: object, most: number): boolean {
  let count = 0;
  for (const _key in value) if (++count > most) return true;
  return false;
}

// Few enough for going along them to be faster than hashing.
const levelsWithoutIndex = 16;

/** `undefined` also for a copy that is not remembered: a part that is shared may be copied twice. */
export function knownCopy(value: object, depth: number, copying: Copying): unknown {
  const { originals, levels } = copying;
  for (let level = 0; level <= depth && level < levels; level++) {
    if (originals[level] === value) return copying.copies[level];
  }
  return copying.index?.get(value);
}

/** An index of all that a large value holds takes longer than copying it: only what leads down to here is known. */
export function remember<Copy>(original: object, copy: Copy, depth: number, copying: Copying): Copy {
  if (depth >= levelsWithoutIndex || copying.indexesAll) {
    copying.index ??= new Map();
    copying.index.set(original, copy);
    return copy;
  }
  // A level that was entered without being remembered holds nothing that could be taken for another thing.
  while (copying.levels < depth) note(copying.levels++, original, copy, copying);
  if (copying.levels === depth) copying.levels++;
  note(depth, original, copy, copying);
  return copy;
}

function note(level: number, original: object, copy: unknown, copying: Copying): void {
  copying.originals[level] = original;
  copying.copies[level] = copy;
}
