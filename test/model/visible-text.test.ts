import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  aroundDifference,
  bigintText,
  shorten,
  shortenMiddle,
  tellApart,
  visible,
} from "../../src/model/visible-text.ts";

const character = (...codes: number[]): string => String.fromCodePoint(...codes);

describe("a visible text", () => {
  it.each([
    ["what people write", "Grüße, こんにちは, שלום, 😀 “1 − 2”", "Grüße, こんにちは, שלום, 😀 “1 − 2”"],
    ["line breaks and tabs", "a\r\n\tb", "a\\r\\n\\tb"],
    ["controls", character(0, 0x1b, 0x7f, 0x9b), "\\u0000\\u001b\\u007f\\u009b"],
    ["spaces that are none", character(0xa0, 0x202f, 0x3000), "⟨U+00A0⟩⟨U+202F⟩⟨U+3000⟩"],
    ["a soft hyphen", `co${character(0xad)}op`, "co⟨U+00AD⟩op"],
    ["joiners and a mark of order", character(0x200b, 0x200d, 0xfeff), "⟨U+200B⟩⟨U+200D⟩⟨U+FEFF⟩"],
    ["directions", character(0x202e, 0x2066, 0x61c), "⟨U+202E⟩⟨U+2066⟩⟨U+061C⟩"],
    ["separators of lines", character(0x2028, 0x2029), "⟨U+2028⟩⟨U+2029⟩"],
    ["variation selectors", `❤${character(0xfe0f)}${character(0xe0101)}`, "❤⟨U+FE0F⟩⟨U+E0101⟩"],
    ["tags", character(0xe0041), "⟨U+E0041⟩"],
    [
      "fillers and vowels without a shape",
      character(0x34f, 0x115f, 0x17b4, 0x180e, 0x3164),
      "⟨U+034F⟩⟨U+115F⟩⟨U+17B4⟩⟨U+180E⟩⟨U+3164⟩",
    ],
    ["marks of interlinear notes and of music", character(0xfff9, 0x1d173), "⟨U+FFF9⟩⟨U+1D173⟩"],
    ["an empty Braille pattern and private use", character(0x2800, 0xe000), "⟨U+2800⟩⟨U+E000⟩"],
    ["half a character", "a\ud800b", "a⟨U+D800⟩b"],
  ])("shows %s", (_, text, expected) => {
    expect(visible(text)).toBe(expected);
  });

  it("is the same when it is made visible again, and valid Unicode", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visible(visible(text))).toBe(visible(text));
        expect(() => encodeURIComponent(visible(text))).not.toThrow();
      }),
    );
  });
});

describe("two texts that look alike", () => {
  const looks = (text: string): string => text.normalize("NFKC").replace(/\s+/g, " ");

  it.each([
    ["1\u00a0234 €", "1 234 €"],
    ["co\u00adop", "coop"],
    ["caf\u00e9", "cafe\u0301"],
    ["a  b", "a b"],
    ["a" + " ".repeat(500) + "b", "a" + " ".repeat(501) + "b"],
    ["\u212bngstr\u00f6m", "\u00c5ngstr\u00f6m"],
    ["\ufb01t", "fit"],
    ["ﾃｽﾄ", "テスト"],
  ])("are told apart: %j and %j", (control, candidate) => {
    const [ours, theirs] = tellApart(control, candidate).map(looks);
    expect(ours).not.toBe(theirs);
    expect(tellApart(candidate, control)).toEqual([...tellApart(control, candidate)].reverse());
  });

  it("keep their marks where they differ otherwise", () => {
    expect(tellApart("नमस्ते  1", "नमस्ते 2")).toEqual(["नमस्ते  1", "नमस्ते 2"]);
    expect(tellApart("e\u0301", "e\u0301")).toEqual(["e\u0301", "e\u0301"]);
  });
});

describe("a text that is cut", () => {
  it("keeps both ends of a huge bigint, and says how long it is", () => {
    expect(bigintText(-12n)).toBe("-12");
    expect(bigintText(2n ** 4_096n - 1n)).toBe(String(2n ** 4_096n - 1n));
    expect(bigintText(-(2n ** 8_000n))).toBe("-0x1000000000000000…0000000000000000 (2001 digits)");
    expect(bigintText(2n ** 2_000_000n + 1n)).toMatch(/…0{15}1 \(500001 digits\)$/);
  });

  it("keeps the start, both ends, or what is around the first difference", () => {
    expect(shorten("abcdef", 4)).toBe("abc…");
    expect(shortenMiddle("$.orders[17].lines[3].price", 17)).toBe("$.orders…3].price");
    const [ours, theirs] = aroundDifference("x".repeat(3_000) + "1", "x".repeat(3_000) + "2", 30);
    expect([ours, theirs]).toEqual([`…${"x".repeat(10)}1`, `…${"x".repeat(10)}2`]);
  });

  it("is never longer than asked, halves no character, and shows the first difference", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 200 });
    fc.assert(
      fc.property(text, text, text, fc.integer({ min: 8, max: 60 }), (same, a, b, length) => {
        for (const cut of [shorten(same + a, length), shortenMiddle(same + a, length)]) {
          expect(cut.length).toBeLessThanOrEqual(length);
          expect(() => encodeURIComponent(cut)).not.toThrow();
        }
        const [ours, theirs] = aroundDifference(same + a, same + b, length);
        expect(Math.max(ours.length, theirs.length)).toBeLessThanOrEqual(length + 2);
        if (a !== b) expect(ours).not.toBe(theirs);
      }),
    );
    expect(shorten(`abc${visible("\u202f")}d`, 8)).toBe("abc…");
  });
});
