import { describe, expect, it } from "vitest";
import { SampleRatio } from "../../src/stats/sample-ratio.ts";

const seen = (share: number, keys: number, served: number): SampleRatio => {
  const ratio = new SampleRatio(share);
  for (let key = 0; key < keys; key++) ratio.add(key < served);
  return ratio;
};

describe("the share of keys that a candidate answers", () => {
  it("is counted, up to a tenth of the places that tell keys apart", () => {
    const ratio = seen(0.25, 6_552, 1_638);
    expect([ratio.share, ratio.keys, ratio.served, ratio.isFull]).toEqual([0.25, 6_552, 1_638, false]);
    ratio.add(false);
    expect([ratio.keys, ratio.isFull]).toEqual([6_553, true]);
    ratio.add(true);
    expect([ratio.keys, ratio.served]).toEqual([6_553, 1_638]);
  });

  it.each([
    [0.25, 0, 0],
    [0.25, 1, 1],
    [0.25, 400, 100],
    [0.25, 4_000, 960],
    [0.5, 2_000, 1_000],
    [0.01, 900, 9],
  ])("is as promised, %d, where of %d keys %d are served", (share, keys, served) => {
    expect(seen(share, keys, served).isOff).toBe(false);
  });

  it.each([
    [0.25, 400, 0],
    [0.25, 1_000, 125],
    [0.25, 4_000, 700],
    [0.25, 400, 400],
    [0.25, 2_000, 800],
    [0.5, 400, 200 + 80],
    [0.5, 400, 200 - 80],
    [0.9, 200, 100],
  ])("is another one than promised, %d, where of %d keys %d are served", (share, keys, served) => {
    expect(seen(share, keys, served).isOff).toBe(true);
  });

  it("is called off at the very key at which so much comes by chance once in 10 000 steps", () => {
    // Nobody is served: the term of a share of nought alone grows by 1 / 0.75 a key, and it is one of eight.
    const first = Array.from({ length: 100 }, (_, keys) => keys).find((keys) => seen(0.25, keys, 0).isOff);
    expect(first).toBeGreaterThanOrEqual(Math.floor(Math.log(10_000) / -Math.log(0.75)));
    expect(first).toBeLessThanOrEqual(Math.ceil(Math.log(80_000) / -Math.log(0.75)));
  });
});
