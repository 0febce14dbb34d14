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
  /** The copies made so far, newest first; shared parts and cycles are found here. */
  latest: Known | undefined = undefined;
  chain = 0;
  /** By original, once the chain is long. */
  index: Map<object, Known> | undefined = undefined;
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
    return this;
  }

  /** From the start, in the time that is left. */
  again(): void {
    const { deadline } = this;
    this.end();
    this.begin(this.limits, this.forFunctions, this.mostMs);
    this.deadline = deadline;
  }

  /** Lets go of every value. */
  end(): void {
    this.latest = this.index = undefined;
    this.chain = 0;
  }
}

export interface Known {
  readonly original: object;
  readonly copy: unknown;
  readonly before: Known | undefined;
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

// Few enough for going along the chain to be faster than hashing.
const longestChain = 16;

export function knownCopy(value: object, copying: Copying): Known | undefined {
  if (copying.index !== undefined) return copying.index.get(value);
  let known = copying.latest;
  while (known !== undefined && known.original !== value) known = known.before;
  return known;
}

export function remember<Copy>(original: object, copy: Copy, copying: Copying): Copy {
  const known: Known = { original, copy, before: copying.latest };
  if (copying.index !== undefined) copying.index.set(original, known);
  else if (++copying.chain > longestChain) {
    copying.index = new Map();
    for (let each: Known | undefined = known; each !== undefined; each = each.before) {
      copying.index.set(each.original, each);
    }
  }
  copying.latest = known;
  return copy;
}
