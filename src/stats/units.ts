/**
 * Tells a window's first comparison of a key from its later ones, so that one busy customer is one unit of evidence and
 * not a hundred.
 *
 * Memory is a table of 65 536 bits (8 KB), cleared when a window ends. Two keys that share a bit count as one unit: with
 * 10 000 keys a window, about 7 % of them are lost. Losing units makes evidence slower, never wrong; counting one twice
 * would make it wrong, and cannot happen within a window.
 */
export class UnitFilter {
  readonly #windowMs: number;
  #seen: Int32Array | undefined;
  #window = NaN;

  /** @param windowMs how long a key counts once, in milliseconds; 0 counts every call */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /**
   * Whether a call is a unit: its key's first in this window. A call without a key always is.
   *
   * @param at wall time in milliseconds
   */
  isFirst(key: string | undefined, at: number): boolean {
    if (key === undefined || this.#windowMs === 0) return true;
    const seen = (this.#seen ??= new Int32Array(2048));
    const window = Math.floor(at / this.#windowMs);
    if (window !== this.#window) {
      this.#window = window;
      seen.fill(0);
    }
    const slot = hashOf(key) & 0xffff;
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    if ((seen[word]! & bit) !== 0) return false;
    seen[word]! |= bit;
    return true;
  }
}

/** FNV-1a over UTF-16 units with MurmurHash3's finalizer; here only spread matters, not agreement between processes. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
