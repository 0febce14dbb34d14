import type { Observation } from "../../model/observation.ts";
import type { Result } from "../../model/result.ts";

const nodesLookedAt = 256;
const keysSampled = 32;
const elementsSampled = 8;
const perResult = 600;
const perSlot = 16;

/**
 * About how many bytes a result keeps in memory. Looks at 256 values at most, calls no getter, and extrapolates from the
 * first 32 keys of an object and the first 8 elements of an array: an estimate for a bound, not a measurement.
 *
 * @returns bytes; never throws
 */
export function estimateBytes(result: Result): number {
  const budget = { left: nodesLookedAt };
  let bytes = perResult + sizeOf(result.context, budget) + sizeOfObservation(result.control, budget);
  for (const candidate of result.candidates) {
    bytes += sizeOfObservation(candidate, budget);
    // The differences point into the two values that were measured just now; only their own objects are new.
    if ("differences" in candidate.comparison) bytes += candidate.comparison.differences.length * 120;
  }
  return bytes;
}

interface Budget {
  left: number;
}

function sizeOfObservation({ outcome }: Observation, budget: Budget): number {
  if (outcome.kind === "returned") return sizeOf(outcome.value, budget);
  return outcome.kind === "threw" ? perResult + sizeOf(outcome.error, budget) : 0;
}

function sizeOf(value: unknown, budget: Budget): number {
  if (typeof value === "string") return value.length * 2;
  if (typeof value !== "object" || value === null) return 8;
  if (--budget.left < 0) return perSlot;
  try {
    return sizeOfObject(value, budget);
  } catch {
    return perSlot; // A proxy that cannot be looked at.
  }
}

function sizeOfObject(value: object, budget: Budget): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (Array.isArray(value)) return sampled(value.length, elementsSampled, (index) => ownValue(value, index), budget);
  if (value instanceof Map) return sizeOfEntries(value.size, Map.prototype.entries.call(value), budget);
  if (value instanceof Set) return sizeOfEntries(value.size, Set.prototype.values.call(value), budget);
  const keys = Object.keys(value);
  return sampled(keys.length, keysSampled, (index) => ownValue(value, keys[index]!), budget);
}

function sampled(length: number, most: number, read: (index: number) => unknown, budget: Budget): number {
  const looked = Math.min(length, most);
  let bytes = 0;
  for (let index = 0; index < looked; index++) bytes += sizeOf(read(index), budget);
  return perSlot * (length + 1) + (looked === 0 ? 0 : (bytes / looked) * length);
}

function sizeOfEntries(size: number, entries: Iterator<unknown>, budget: Budget): number {
  return sampled(size, elementsSampled, () => entries.next().value, budget) + perSlot * size;
}

function ownValue(holder: object, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}
