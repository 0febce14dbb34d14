import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admits, bucketing, bucketsOf, murmur3 } from "../../src/rollout/bucket.ts";
import { decide } from "../../src/rollout/decide.ts";
import { fixedRollout, rolloutOf } from "../../src/rollout/to-rollout.ts";
import { lesserOf, snapshotOf, stages } from "../../src/rollout/snapshot.ts";

/** The reference algorithm over bytes, block by block, as Appleby's C++ has it. */
function reference(bytes: Uint8Array, seed = 0): number {
  const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
  const scramble = (word: number): number => Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = seed;
  const blocks = Math.floor(bytes.length / 4);
  for (let block = 0; block < blocks; block++) {
    hash = (Math.imul(rotate(hash ^ scramble(view.getInt32(block * 4, true)), 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let index = bytes.length - 1; index >= blocks * 4; index--) tail = (tail << 8) | bytes[index]!;
  hash ^= scramble(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

describe("the buckets", () => {
  // Vectors that implementations of MurmurHash3_x86_32 publish and agree on.
  it.each([
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["\0\0\0\0", 0, 0x2362f9de],
    ["aaaa", 0x9747b28c, 0x5a97808a],
    ["abc", 0, 0xb3dd93fa],
    ["Hello, world!", 0x9747b28c, 0x24884cba],
    ["ππππππππ", 0x9747b28c, 0xd58063c1],
    ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
    ["hello", 0, 0x248bfa47],
    ["hello, world", 0, 0x149bbb7f],
  ])("agree with the published vector for %j, seed %d", (text, seed, expected) => {
    expect(murmur3(text, seed)).toBe(expected);
  });

  it("agree with the reference over UTF-8 for every text, lone surrogates included", () => {
    const encoder = new TextEncoder();
    const unit = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string(),
      fc.constantFrom("\ud800", "\udfff", "😀", "é", "€"),
    );
    fc.assert(
      fc.property(
        fc.array(unit).map((parts) => parts.join("")),
        (text) => {
          expect(murmur3(text)).toBe(reference(encoder.encode(text)));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("take each character at the bounds of UTF-8 for its bytes, in each place of a block", () => {
    const bounds = [0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x10ffff];
    const texts = [...bounds.map((point) => String.fromCodePoint(point)), "\ud800", "\udbff", "\udc00", "\udfff"];
    for (const text of texts) {
      for (const before of ["", "a", "ab", "abc"]) {
        for (const after of ["", "z"]) {
          const whole = `${before}${text}${after}`;
          expect(murmur3(whole), JSON.stringify(whole)).toBe(reference(new TextEncoder().encode(whole)));
        }
      }
    }
  });

  it("are those of the experiment that is asked for, also when several take turns", () => {
    const buckets = bucketing("2027");
    for (const experiment of ["price", "stock", "price", "price", "stock"])
      expect(buckets(experiment, "a")).toBe(murmur3(`${experiment}:2027:a`));
    expect(bucketsOf("price")("a")).toBe(murmur3("price::a"));
  });

  it("are frozen: experiment, salt and key, joined by colons", () => {
    expect(bucketsOf("price", "2027")("customer-1")).toBe(murmur3("price:2027:customer-1"));
    const buckets = bucketing();
    fc.assert(
      fc.property(fc.string(), fc.string(), (experiment, key) => {
        expect(buckets(experiment, key)).toBe(murmur3(`${experiment}::${key}`));
      }),
    );
  });

  it.each([0.01, 0.1, 0.5])("give a share of %d to that many keys, within 4 standard errors", (share) => {
    const [keys, buckets] = [200_000, bucketsOf("price")];
    let served = 0;
    for (let key = 0; key < keys; key++) if (admits(share, buckets(`user-${key}`))) served++;
    const error = Math.sqrt((share * (1 - share)) / keys);
    expect(Math.abs(served / keys - share)).toBeLessThan(4 * error);
  });

  it("keep everybody in who is in, over a ramp of six steps and 200 000 keys", () => {
    const [steps, buckets] = [[0.01, 0.05, 0.1, 0.25, 0.5, 1], bucketsOf("price")];
    let violations = 0;
    for (let key = 0; key < 200_000; key++) {
      const bucket = buckets(`user-${key}`);
      let before = false;
      for (const share of steps) {
        const now = admits(share, bucket);
        if (before && !now) violations++;
        before = now;
      }
    }
    expect(violations).toBe(0);
  });

  it("take nobody in at 0, and everybody at 1", () => {
    expect(admits(0, 0)).toBe(false);
    expect(admits(1, 2 ** 32 - 1)).toBe(true);
  });
});

describe("deciding", () => {
  it.each([
    ["off", { serve: "control", compare: false }],
    ["shadow", { serve: "control", compare: true }],
    ["live", { serve: "candidate", compare: true }],
    ["complete", { serve: "candidate", compare: false }],
  ] as const)("in the stage %s is the same with and without a key", (stage, decision) => {
    expect(decide(snapshotOf(stage), undefined)).toEqual(decision);
    expect(decide(snapshotOf(stage), 2 ** 32 - 1)).toEqual(decision);
  });

  it("serves nobody below a ramp, whatever share a snapshot names", () => {
    for (const stage of ["off", "shadow"] as const)
      expect(decide({ ...snapshotOf(stage), share: 1 }, 0).serve).toBe("control");
  });

  it("compares nothing in `complete`, whatever a snapshot says: its caller would get control's answer where the candidate fails", () => {
    expect(decide(snapshotOf("complete", 1, 1, 1), undefined)).toEqual({ serve: "candidate", compare: false });
  });

  it("serves a ramp's share of the buckets, and control where there is no key", () => {
    const snapshot = snapshotOf("ramp", 0.25);
    expect(decide(snapshot, 2 ** 30 - 1).serve).toBe("candidate");
    expect(decide(snapshot, 2 ** 30).serve).toBe("control");
    expect(decide(snapshot, undefined).serve).toBe("control");
  });

  it("compares the share of calls whose draw is below it", () => {
    const snapshot = snapshotOf("ramp", 0.25, 1, 0.5);
    expect([decide(snapshot, 0, 0.49).compare, decide(snapshot, 0, 0.5).compare]).toEqual([true, false]);
  });
});

describe("a rollout option", () => {
  it.each([
    ["off", { stage: "off", share: 0, compare: 0 }],
    ["shadow", { stage: "shadow", share: 0, compare: 1 }],
    ["live", { stage: "live", share: 1, compare: 1 }],
    ["complete", { stage: "complete", share: 1, compare: 0 }],
    [{ serve: 0.1 }, { stage: "ramp", share: 0.1, compare: 1 }],
    [
      { serve: 0.1, compare: 0.5 },
      { stage: "ramp", share: 0.1, compare: 0.5 },
    ],
    [
      { serve: 0, compare: 0 },
      { stage: "off", share: 0, compare: 0 },
    ],
    [
      { serve: 0, compare: 0.2 },
      { stage: "shadow", share: 0, compare: 0.2 },
    ],
    [
      { serve: 1, compare: 0.2 },
      { stage: "live", share: 1, compare: 0.2 },
    ],
    [
      { serve: 1, compare: 0 },
      { stage: "live", share: 1, compare: 0 },
    ],
  ] as const)("of %j is a fixed state", (option, expected) => {
    expect(rolloutOf(option).current()).toEqual({ ...expected, epoch: 1 });
  });

  it("may be a rollout, which is taken as it is", () => {
    const rollout = fixedRollout({ serve: 0.1, salt: "a" });
    expect(rolloutOf(rollout)).toBe(rollout);
    expect(rollout.bucket("price", "1")).toBe(murmur3("price:a:1"));
  });

  it.each([
    ["half", /`rollout` to be one of "off", "shadow", "live", "complete", got "half"/],
    ["ramp", /Write `\{ serve: 0.1 \}`/],
    [{ serve: 1.1 }, /`rollout.serve` to be a number from 0 to 1, got 1.1/],
    [{ serve: -0 - 1 }, /got -1/],
    [{ serve: NaN }, /got NaN/],
    [{}, /`rollout.serve`.*got undefined/],
    [{ serve: 0.1, compare: 2 }, /`rollout.compare`/],
    [{ server: 0.1 }, /did you mean `rollout.serve`/],
    [{ serve: 0.1, salt: 1 }, /`rollout.salt` to be a string/],
    [null, /`rollout` to be an object, got null/],
    [7, /got 7/],
    [{ current: 1 }, /`rollout.current` to be a function/],
    [{ current: () => snapshotOf("live") }, /`rollout.onChange` to be a function/],
  ])("of %j is refused", (option, message) => {
    expect(() => rolloutOf(option as never, 'experiment("price")')).toThrow(
      expect.objectContaining({ code: "invalid-definition", message: expect.stringMatching(message) }),
    );
  });
});

it("the lesser of two snapshots is the one that lets the candidate do less", () => {
  const all = stages.flatMap((stage) =>
    stage === "ramp" ? [0.1, 0.5].map((share) => snapshotOf(stage, share)) : [snapshotOf(stage)],
  );
  for (const [a, less] of all.entries()) {
    for (const more of all.slice(a)) {
      expect(lesserOf(less, more)).toBe(less);
      expect(lesserOf(more, less)).toEqual(less);
    }
  }
});
