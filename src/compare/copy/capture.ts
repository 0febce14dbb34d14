import { defaultCaptureLimits, type CaptureLimits } from "./capture-limits.ts";
import { copyBeside } from "./copy-beside.ts";
import { copyObject } from "./copy-object.ts";
import { Copying, OverLimit } from "./copying.ts";

/**
 * A value as it was:
 *
 * - `captured`: detached, so nothing that its owner does from now on can change it; `bytes` says about how much it holds,
 *   `symbols` whether any object in it may have keys that are symbols
 * - `live`: the value itself, and why it could not be copied
 */
export type Capture = Captured | { readonly kind: "live"; readonly value: unknown; readonly reason: string };

export interface Captured {
  readonly kind: "captured";
  readonly value: unknown;
  readonly bytes: number;
  readonly symbols: boolean;
}

/**
 * Copies a value that is to be compared later. The copy compares as the original would at this moment: same classes,
 * cycles; an object with `toJSON()` is asked for it now. Parts that are shared stay so where functions of the user's get
 * the copy, and where copying them each time is too much: then alone is a getter read twice. What cannot be looked into
 * (promises, streams, functions, iterators) is kept as it is and not touched.
 *
 * Never throws. A copy has no private fields: a value that holds an instance with such is kept `live`, one with
 * `toJSON()` only where functions of the user's may call its methods.
 *
 * @param forFunctions whether functions of the user's get the copy
 * @param mostMs how long it may take, in milliseconds; listing the keys of one object is not cut short
 * @param beside a copy of something alike: what is plain and the same in both is not copied again, but shared
 */
export function capture(
  value: unknown,
  limits: CaptureLimits = defaultCaptureLimits,
  forFunctions = false,
  mostMs: number = Infinity,
  beside?: Captured,
): Capture {
  if (typeof value !== "object" || value === null) return { kind: "captured", value, bytes: 0, symbols: false };
  const copying = (spare ?? new Copying()).begin(limits, forFunctions, mostMs);
  spare = undefined;
  try {
    const { nodes, length } = copying;
    const copy = (beside && sharing(value, beside, copying)) ?? copyAll(value, copying);
    return {
      kind: "captured",
      value: copy,
      bytes: (nodes - copying.nodes) * bytesOfNode + (length - copying.length),
      symbols: copying.symbols,
    };
  } catch (error) {
    return { kind: "live", value, reason: error instanceof OverLimit ? error.reason : "threw while being read" };
  } finally {
    copying.end();
    spare = copying;
  }
}

// A slot, its share of an object's header, and what a number outside the small ones takes.
const bytesOfNode = 24;

// Most captures are small, and one after another. A getter or `toJSON()` may start one within another.
let spare: Copying | undefined;

/** What is too much may be so since parts that are shared were copied more than once: then each is found again. */
function copyAll(value: object, copying: Copying): unknown {
  if (!copying.indexesAll) {
    try {
      return copyObject(value, 0, copying);
    } catch (error) {
      if (!(error instanceof OverLimit)) throw error;
      copying.again(true);
    }
  }
  return copyObject(value, 0, copying);
}

/** `undefined` where all has to be copied: parts that lead back to themselves are found in no other way. */
function sharing(value: object, { value: twin, symbols }: Captured, copying: Copying): unknown {
  if (copying.forFunctions || typeof twin !== "object" || twin === null) return undefined;
  copying.symbols = symbols;
  try {
    return copyBeside(value, twin, 0, copying);
  } catch (error) {
    if (!(error instanceof OverLimit)) throw error;
    copying.again(false);
    return undefined;
  }
}
