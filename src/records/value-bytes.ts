const perObject = 32;
const perSlot = 16;
const perError = 600;
// A small Buffer lies in a pool that many share; a view of a large one keeps all of it.
const largeBuffer = 65_536;
const longList = 50_000;

/**
 * How many bytes values keep in memory, as far as it can be seen: each object once, binary data by its buffer, no getter
 * called. What lies beyond `mostNodes` objects, and in lists of more than 50 000 elements, counts as the mean of what was
 * looked at, at even distances.
 *
 * @param mostBytes the walk ends there: that it is more is enough to know
 * @returns bytes; never throws
 */
export function bytesOf(values: readonly unknown[], mostBytes: number, mostNodes = 100_000): number {
  const longest = Math.min(longList, mostNodes);
  const seen = new Set<object>();
  const waiting: object[] = [];
  let bytes = 0;
  let looked = 0;
  // Objects in long lists that were passed over.
  let passed = 0;

  function add(value: unknown): void {
    if (typeof value === "string") bytes += perSlot + value.length * 2;
    else if (typeof value === "bigint") bytes += perSlot + (value > small || value < -small ? largeBigint : 0);
    else if (typeof value === "object" && value !== null && !seen.has(value)) {
      seen.add(value);
      waiting.push(value);
    }
  }

  function visit(value: object): void {
    if (ArrayBuffer.isView(value)) bytes += perObject + sizeOfBuffer(value.buffer, value.byteLength, seen);
    else if (value instanceof ArrayBuffer) bytes += perObject + value.byteLength;
    else if (Array.isArray(value) && value.length > longest) visitLongList(value);
    else {
      bytes += perObject + (value instanceof Error ? perError : 0);
      for (const part of partsOf(value)) {
        bytes += perSlot;
        add(part);
      }
    }
  }

  function visitLongList(list: readonly unknown[]): void {
    const step = list.length / longest;
    const [bytesBefore, waitingBefore] = [bytes, waiting.length];
    for (let at = 0; at < list.length; at += step) add(ownValue(list, Math.floor(at)));
    bytes = bytesBefore + (bytes - bytesBefore) * step + perObject + list.length * perSlot;
    passed += (waiting.length - waitingBefore) * (step - 1);
  }

  for (const value of values) add(value);
  while (waiting.length > 0 && bytes <= mostBytes && looked < mostNodes) {
    looked += 1;
    try {
      visit(waiting.pop()!);
    } catch {
      bytes += perObject; // A proxy that cannot be looked at.
    }
  }
  return looked === 0 || bytes > mostBytes ? bytes : bytes + (bytes / looked) * (waiting.length + passed);
}

const small = 2n ** 64n;
// Its length is not asked for: writing it out takes time that grows with the square.
const largeBigint = 512;

/** What an object holds, by its own data properties: with keys, entries of Maps and elements of Sets. */
function partsOf(value: object): unknown[] {
  const parts: unknown[] = [];
  if (value instanceof Map) {
    for (const [key, part] of Map.prototype.entries.call(value) as MapIterator<[unknown, unknown]>) {
      parts.push(key, part, undefined);
    }
  } else if (value instanceof Set) {
    for (const part of Set.prototype.values.call(value) as SetIterator<unknown>) parts.push(part, undefined);
  }
  for (const key of Object.keys(value)) parts.push(ownValue(value, key));
  if (value instanceof Error) {
    for (const key of ["message", "stack", "cause", "errors"]) parts.push(ownValue(value, key));
  }
  return parts;
}

function ownValue(holder: object, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(holder, key)?.value;
}

function sizeOfBuffer(buffer: ArrayBufferLike, byteLength: number, seen: Set<object>): number {
  if (buffer.byteLength <= largeBuffer) return byteLength;
  if (seen.has(buffer)) return 0;
  seen.add(buffer);
  return buffer.byteLength;
}
