import { afterEach, describe, expect, it, vi } from "vitest";
import type { Difference } from "../../src/model/comparison.ts";
import type { Result } from "../../src/model/result.ts";
import { Laboratory } from "../../src/index.ts";
import { ramp } from "../../src/rollout/index.ts";
import { consolePublisher, type ConsolePublisherOptions } from "../../src/publishers/console.ts";
import { aResult, type ResultParts } from "../../src/testing/a-result.ts";
import { fixedClock } from "../../src/testing/fixed-clock.ts";

function printed(result: Result, options: ConsolePublisherOptions = {}): string {
  const written: string[] = [];
  void consolePublisher({ write: (text) => void written.push(text), ...options }).publish(result);
  return written.join("\n");
}

function differing(differences: readonly Difference[], parts: ResultParts = {}): Result {
  const [first, ...rest] = differences;
  return aResult({
    ...parts,
    candidates: [{ comparison: { kind: "mismatch", signature: "v2-abc", differences: [first!, ...rest] } }],
  });
}

describe("consolePublisher", () => {
  it("prints where both sides differ, by types only as long as values are hidden", () => {
    const result = differing(
      [
        { path: "$.total", kind: "value", control: 12.5, candidate: 13 },
        { path: "$.name", kind: "type", control: "Ada", candidate: null },
        { path: "$.tags", kind: "added", candidate: ["a"] },
      ],
      { context: { cart: 7 } },
    );
    expect(printed(result).split("\n")).toEqual([
      "mismatch  find-user (candidate)  v2-abc",
      "  $.total  value  number",
      "  $.name  type  string → null",
      "  $.tags  added  array",
      "  control 12 ms, candidate 8.00 ms",
    ]);
  });

  it("prints both sides and the context where values are shown, without the usual secrets", () => {
    const result = differing(
      [
        { path: "$.total", kind: "value", control: 12.5, candidate: 13n },
        { path: "$.user.password", kind: "value", control: "a", candidate: "b" },
        { path: "$.at", kind: "removed", control: new Date(0) },
      ],
      { context: { cart: 7, token: "abc" } },
    );
    expect(printed(result, { values: "shown" }).split("\n")).toEqual([
      "mismatch  find-user (candidate)  v2-abc",
      "  $.total  value  12.5 → 13n",
      '  $.user.password  value  "[redacted]" → "[redacted]"',
      '  $.at  removed  Date "1970-01-01T00:00:00.000Z"',
      "  control 12 ms, candidate 8.00 ms",
      '  context { cart: 7, token: "[redacted]" }',
    ]);
  });

  it("prints ten differences and counts the others", () => {
    const differences = Array.from({ length: 64 }, (_, index) => ({
      path: `$[${index}]`,
      kind: "value" as const,
      control: 1,
      candidate: 2,
    }));
    const lines = printed(differing(differences)).split("\n");
    expect(lines).toHaveLength(13);
    expect(lines[11]).toBe("  … 54 more (10 of 64 shown)");
  });

  it("says why a result is inconclusive or ignored, where those kinds are asked for", () => {
    const kinds = ["inconclusive", "ignored", "timed-out"] as const;
    expect(kinds.map((kind) => printed(aResult({ kind }), { kinds }).split("\n").slice(0, 2))).toEqual([
      ["inconclusive  find-user (candidate)", "  comparer threw: TypeError"],
      ["ignored  find-user (candidate)", "  by the rule rounding"],
      ["timed-out  find-user (candidate)", "  timed-out"],
    ]);
    expect(consolePublisher().kinds).toEqual(["mismatch"]);
  });

  it("escapes what a terminal would obey, in names, paths and values", () => {
    const evil = "\u001b[2J\n\r\u202e\u0085";
    const result = differing([{ path: `$[${JSON.stringify(evil)}]`, kind: "value", control: evil, candidate: 2 }], {
      experiment: evil,
    });
    const text = printed(result, { values: "shown" });
    expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text.split("\n")).toHaveLength(3);
  });

  it("tells apart what looks alike, and shows the neighborhood of the first difference", () => {
    const long = "x".repeat(3_000);
    const digits = "7".repeat(300);
    const lines = printed(
      differing([
        { path: "$.at", kind: "value", control: "10:00\u202fAM", candidate: "10:00 AM" },
        { path: "$.name", kind: "value", control: "caf\u00e9", candidate: "cafe\u0301" },
        { path: "$.text", kind: "value", control: `${long}1${long}`, candidate: `${long}2${long}` },
        { path: "$.many", kind: "value", control: BigInt(`${digits}1`), candidate: BigInt(`${digits}2`) },
        { path: `$.first${".deep".repeat(100)}.last`, kind: "added", candidate: 1 },
      ]),
      { values: "shown" },
    ).split("\n");
    expect(lines[1]).toBe('  $.at  value  "10:00⟨U+202F⟩AM" → "10:00 AM"');
    expect(lines[2]).toBe('  $.name  value  "café" → "cafe⟨U+0301⟩"');
    expect(lines[3]).toMatch(/^ {2}\$\.text {2}value {2}"…x{20,}1x+…" → "…x{20,}2x+…"$/);
    expect(lines[4]).toMatch(/^ {2}\$\.many {2}value {2}…7{20,}1n → …7{20,}2n$/);
    expect(lines[5]).toMatch(/^ {2}\$\.first\.deep.{50,100}….{50,100}\.deep\.last {2}added {2}1$/);
  });

  it("takes a secret out of a long text before it is cut", () => {
    const secret = `Bearer ${"a1B2".repeat(9)}`;
    const text = `${"x ".repeat(1_000)}${secret} `;
    const shown = printed(differing([{ path: "$.log", kind: "value", control: `${text}1`, candidate: `${text}2` }]), {
      values: "shown",
    });
    expect(shown).not.toContain("a1B2");
    expect(shown).toMatch(/1" → .*2"$/m);
  });

  it("prints at most so many results a minute and counts the rest in one line", () => {
    const clock = fixedClock();
    const written: string[] = [];
    const publisher = consolePublisher({ write: (text) => void written.push(text), perMinute: 2, clock });
    for (let count = 0; count < 10; count++) void publisher.publish(aResult());
    expect(written).toHaveLength(2);
    clock.advance(60_000);
    expect(written.slice(2)).toEqual(["sidelane: 8 more results were not printed (at most 2 a minute)"]);
    void publisher.publish(aResult());
    expect(written).toHaveLength(4);
    expect(clock.pending).toBe(0);
  });

  it("tells what it counted when it is flushed or closed", async () => {
    const clock = fixedClock();
    const written: string[] = [];
    const publisher = consolePublisher({ write: (text) => void written.push(text), perMinute: 1, clock });
    for (let count = 0; count < 2; count++) void publisher.publish(aResult());
    await publisher.close!();
    expect(written[1]).toBe("sidelane: 1 more result was not printed (at most 1 a minute)");
    expect(clock.pending).toBe(0);
  });

  it.each([
    ["colored where asked for", { color: true }, true],
    ["plain where asked for", { color: false }, false],
  ])("is %s", (_, options, colored) => {
    expect(printed(aResult(), options).includes("\u001b[31mmismatch\u001b[39m")).toBe(colored);
  });

  describe("left to itself", () => {
    const { isTTY } = process.stdout;
    afterEach(() => {
      process.stdout.isTTY = isTTY;
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });

    it("uses colors only on a terminal, and not where NO_COLOR is set", () => {
      const colored = (): boolean => printed(aResult()).includes("\u001b[");
      vi.stubEnv("NO_COLOR", undefined);
      process.stdout.isTTY = false;
      expect(colored()).toBe(false);
      process.stdout.isTTY = true;
      expect(colored()).toBe(true);
      vi.stubEnv("NO_COLOR", "1");
      expect(colored()).toBe(false);
    });

    it("prints through console.log, where a per cent sign in a name eats nothing", () => {
      const log = vi.spyOn(console, "log").mockImplementation(() => {});
      void consolePublisher({ color: false }).publish(aResult({ experiment: "100 %s %d" }));
      expect(log).toHaveBeenCalledWith("%s", expect.stringContaining("100 %s %d (candidate)"));
    });
  });

  it.each([
    [{ perMinute: -1 }, "consolePublisher: expected `perMinute` to be a whole number of at least 0, got -1"],
    [{ values: "yes" }, 'consolePublisher: expected `values` to be one of "shown", "hidden", got "yes"'],
    [{ colour: true }, "consolePublisher: unknown option `colour`; did you mean `color`?"],
    [{ kinds: ["mis"] }, "consolePublisher: expected `kinds[0]` to be one of"],
  ])("refuses %j", (options, message) => {
    expect(() => consolePublisher(options as ConsolePublisherOptions)).toThrow(message);
  });
});

describe("a rollout on the console", () => {
  it("is printed each minute: its stage, verdict and calls, where they have changed", async () => {
    const written: string[] = [];
    const clock = fixedClock();
    const publisher = consolePublisher({ write: (text) => void written.push(text), kinds: [], clock });
    const lab = new Laboratory({ publishers: [publisher], clock });
    const rollout = ramp({ steps: [0.5] });
    const price = lab.experiment("price", {
      control: (_key: string) => 1,
      candidate: (key: string) => (key === "b" ? fail() : 1),
      ...{ key: (key: string) => key, rollout },
    });
    price("a");
    await clock.advanceAsync(60_000);
    expect(written).toEqual([]);
    for (let step = 0; step < 2; step++) await rollout.advance({ by: "ada" });
    await clock.advanceAsync(1);
    written.length = 0;
    for (const key of ["a", "a", "b"]) price(key);
    await clock.advanceAsync(60_000);
    await clock.advanceAsync(60_000);
    await lab.close();
    expect(written).toEqual([
      "rollout  price: live, insufficient; the candidate answered 2 calls, and control 1 in its place",
      "rollout  price: live, insufficient",
    ]);
  });

  it("is not printed where there is none", async () => {
    const written: string[] = [];
    const clock = fixedClock();
    const publisher = consolePublisher({ write: (text) => void written.push(text), kinds: [], clock });
    const lab = new Laboratory({ publishers: [publisher], clock });
    lab.experiment("price", { control: () => 1, candidate: () => 1 })();
    await clock.advanceAsync(60_000);
    await lab.close();
    expect(written).toEqual([]);
  });
});

function fail(): never {
  throw new Error("no");
}
