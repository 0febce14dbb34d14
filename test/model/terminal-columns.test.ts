import { describe, expect, it } from "vitest";
import { fittingCharacters } from "../../src/model/terminal-columns.ts";

describe("columns of a terminal", () => {
  it.each([
    ["price", 5, 5],
    ["price", 3, 3],
    ["価格を比べる", 6, 3],
    ["価格を比べる", 7, 3],
    ["cafe\u0301s", 5, 6],
    ["a📦b", 3, 2],
    ["", 0, 0],
  ])("%s: of its characters so many fit into %i", (text, columns, fits) => {
    expect(fittingCharacters(Array.from(text), columns)).toBe(fits);
  });
});
