import { afterEach, describe, expect, it, vi } from "vitest";
import { LoopMark } from "../../src/http/loop-mark.ts";

afterEach(() => void vi.unstubAllGlobals());

const minuteMs = 60_000;

describe.each(["signs", "cannot sign"])("a mark, in a runtime that %s,", (what) => {
  const marks = (secret?: string) => {
    if (what === "cannot sign") {
      const { crypto } = globalThis;
      vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    }
    const at = { ms: 1_000 * minuteMs };
    return { at, mark: new LoopMark(secret, () => at.ms) };
  };

  it("is known again for a quarter of an hour", async () => {
    const { at, mark } = marks();
    const first = await mark.current();
    expect(await mark.current()).toBe(first);
    for (let minute = 0; minute <= 15; minute++, at.ms += minuteMs) {
      expect(await mark.isGenuine(first)).toBe(true);
      expect(await mark.isGenuine(await mark.current())).toBe(true);
    }
    expect(await mark.isGenuine(first)).toBe(false);
  });

  it("that is made up is none", async () => {
    const { mark } = marks();
    const [version, minute, signature = ""] = (await mark.current()).split(".");
    const changed = `${signature.startsWith("0") ? "1" : "0"}${signature.slice(1)}`;
    for (const forged of ["", "1", `${version}.${minute}.${changed}`, `${version}.zzzzzzzz.${signature}`])
      expect(await mark.isGenuine(forged)).toBe(false);
  });

  it("of another handler is known where both can sign and have one key", async () => {
    const [one, other] = [marks("a key of a whole fleet").mark, marks("a key of a whole fleet").mark];
    expect(await other.isGenuine(await one.current())).toBe(what === "signs");
    expect(await marks().mark.isGenuine(await one.current())).toBe(false);
  });
});
