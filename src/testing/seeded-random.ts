import { checkOptions } from "../model/check-options.ts";

/**
 * Random numbers from 0 up to 1 that are the same in every run with the same seed.
 *
 * @param seed any whole number; its lowest 32 bits count
 * @see Tommy Ettinger, Mulberry32 (public domain)
 */
export function seededRandom(seed: number): () => number {
  checkOptions("seededRandom").number("seed", seed, { min: -Infinity, integer: true });
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
