import { describe, expect, it } from "vitest";
import { Pairs } from "../../../src/compare/equality/visited-pairs.ts";

describe("pairs that were looked at", () => {
  const [one, other, third, place, elsewhere] = [{}, {}, {}, {}, {}];

  it("are known by both sides and the place, with what came of them", () => {
    const pairs = new Pairs();
    const same = pairs.open(one, other, place);
    const different = pairs.open(one, third, place);
    expect(pairs.find(one, other, place)).toBe("open");
    pairs.close(same, true);
    pairs.close(different, false);
    expect(pairs.find(one, other, place)).toBe("same");
    expect(pairs.find(one, third, place)).toBe("different");
    expect(pairs.find(one, other, elsewhere)).toBeUndefined();
    expect(pairs.find(other, one, place)).toBeUndefined();
  });

  it("are forgotten since a mark, and no others", () => {
    const pairs = new Pairs();
    pairs.open(one, other, place);
    const mark = pairs.mark();
    pairs.open(one, third, place);
    pairs.open(other, third, place);
    pairs.forgetSince(mark);
    expect(pairs.find(one, other, place)).toBe("open");
    expect(pairs.find(one, third, place)).toBeUndefined();
    expect(pairs.find(other, third, place)).toBeUndefined();
    pairs.forgetSince(0);
    expect(pairs.find(one, other, place)).toBeUndefined();
  });
});
