// Listing the keys of an object takes time that no limit can cut, and nothing tells how many they are before: what was
// found to have many is not listed again to be copied.
const large = new WeakSet<object>();
// Most processes never see one, and a look at a set is dear beside a small comparison.
let hasSeenAny = false;

/** From so many keys on an object is large; a power of two. */
export const manyKeys = 16_384;

export function noteLarge(value: object): void {
  hasSeenAny = true;
  large.add(value);
}

/** Whether an object was seen to have more than {@link manyKeys} keys. */
export function isKnownLarge(value: object): boolean {
  return hasSeenAny && large.has(value);
}
