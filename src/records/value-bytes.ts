const perObject = 32;
const perSlot = 16;
const perError = 600;
// A small Buffer lies in a pool that many share; a view of a large one keeps all of it.
const largeBuffer = 65_536;
const longList = 50_000;

/**
 * How many bytes a value keeps in memory, as far as it can be seen: each object once, binary data by its buffer, no getter
 * called. What lies beyond `mostNodes` objects counts as the mean of those that were looked at.
 *
 * @param mostBytes the walk ends there: that it is more is enough to know
 * @returns bytes; never throws
 */
export function bytesOf(values: readonly unknown[], mostBytes: number, mostNodes = 100_000): number {
  const seen = new Set<object>();
  const waiting: object[] = [];
  let bytes = 0;

  function add(value: unknown): void {
    if (typeof value === "string") bytes += perSlot + value.length * 2;
    else if (typeof value === "bigint")
      bytes += perSlot + (value > 2n ** 64n || value < -(2n ** 64n) ? value.toString(16).length / 2 : 8);
    else if (typeof value === "object" && value !== null && !seen.has(value)) {
      seen.add(value);
      waiting.push(value);
    }
  }

  for (const value of values) add(value);
  let looked = 0;
  while (waiting.length > 0 && bytes <= mostBytes) {
    if (looked >= mostNodes) return bytes + (bytes / looked) * waiting.length;
    looked += 1;
    const value = waiting.pop()!;
    try {
      // Not in one expression: visiting adds to it as well.
      const own = visit(value, seen, add);
      bytes += own;
    } catch {
      bytes += perObject; // A proxy that cannot be looked at.
    }
  }
  return bytes;
}

function visit(value: object, seen: Set<object>, add: (part: unknown) => void): number {
  if (ArrayBuffer.isView(value)) return perObject + sizeOfBuffer(value.buffer, value.byteLength, seen);
  if (value instanceof ArrayBuffer) return perObject + value.byteLength;
  if (Array.isArray(value) && value.length > longList) return visitLongList(value, add);
  let slots = 0;
  if (value instanceof Map) {
    for (const [key, part] of Map.prototype.entries.call(value) as MapIterator<[unknown, unknown]>) {
      add(key);
      add(part);
      slots += 3;
    }
  } else if (value instanceof Set) {
    for (const part of Set.prototype.values.call(value) as SetIterator<unknown>) {
      add(part);
      slots += 2;
    }
  }
  for (const key of Object.keys(value)) {
    slots += 1;
    add(Object.getOwnPropertyDescriptor(value, key)?.value);
  }
  if (!(value instanceof Error)) return perObject + slots * perSlot;
  for (const key of ["message", "stack", "cause", "errors"]) add(Object.getOwnPropertyDescriptor(value, key)?.value);
  return perError + slots * perSlot;
}

/** Of a very long list, elements at even distances are looked at: its slots alone say most. */
function visitLongList(list: readonly unknown[], add: (part: unknown) => void): number {
  const step = list.length / longList;
  for (let at = 0; at < list.length; at += step) {
    add(Object.getOwnPropertyDescriptor(list, Math.floor(at))?.value);
  }
  return perObject + list.length * perSlot;
}

function sizeOfBuffer(buffer: ArrayBufferLike, byteLength: number, seen: Set<object>): number {
  if (buffer.byteLength <= largeBuffer) return byteLength;
  if (seen.has(buffer)) return 0;
  seen.add(buffer);
  return buffer.byteLength;
}
