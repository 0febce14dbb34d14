import { describe, expect, it } from "vitest";
import { generalise } from "../../src/compare/signature.ts";
import { compileRules } from "../../src/compare/rules/rules.ts";
import { wilson } from "../../src/stats/interval.ts";
import { seeded } from "./sample.ts";
import { netMismatches, NoiseLedger, type NoisePlace } from "../../src/stats/noise.ts";

describe("Wilson's interval", () => {
  // Published: Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is %f to %f", (hits, n, low, high) => {
    expect(wilson(hits, n).low).toBeCloseTo(low, 4);
    expect(wilson(hits, n).high).toBeCloseTo(high, 4);
  });

  it("knows nothing from nothing, and refuses the impossible", () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
    expect(wilson(5, 5).high).toBe(1);
    // Not even the last digit of a floating point number beyond.
    for (let n = 1; n < 100; n++) {
      expect([wilson(0, n).low, wilson(n, n).high]).toEqual([0, 1]);
      for (const end of [0, n]) expect(wilson(end, n)).toEqual({ low: expect.any(Number), high: expect.any(Number) });
    }
    expect(() => wilson(6, 5)).toThrow(new RangeError("Expected hits from 0 to 5, got 6"));
    expect(() => wilson(-1, 5)).toThrow(RangeError);
    expect(() => wilson(NaN, 5)).toThrow(RangeError);
  });
});

const place = (path: string, control = "number", other = "number"): NoisePlace => ({ path, control, other });
const places = (paths: readonly string[]): NoisePlace[] => paths.map((path) => place(path));

/** One re-run after a mismatch at a path: which of the three runs is the odd one. */
function rerun(ledger: NoiseLedger, odd: "candidate" | "first" | "second" | "all"): void {
  const own = odd === "candidate" ? [] : places(["$.a"]);
  ledger.record("s", places(["$.a"]), own, odd === "first" ? [] : ["$.a"]);
}

describe("noise", () => {
  it.each([
    [{}, "undecided"],
    [{ candidate: 8 }, "undecided"],
    [{ candidate: 9 }, "real"],
    [{ all: 17 }, "undecided"],
    [{ all: 20 }, "noise"],
    [{ first: 20 }, "noise"],
    [{ candidate: 100, first: 100 }, "noise"],
    [{ candidate: 40, first: 40 }, "undecided"],
    // Control is unsteady in half of its runs, and the candidate is wrong in all of them.
    [{ candidate: 20, all: 20 }, "real"],
    [{ candidate: 50, first: 10 }, "real"],
    [{ candidate: 30, first: 20 }, "undecided"],
  ] as const)("where the odd ones were %o is %s", (times, verdict) => {
    const ledger = new NoiseLedger();
    const left = { candidate: 0, first: 0, all: 0, ...times };
    while (left.candidate + left.first + left.all > 0) {
      for (const odd of ["candidate", "first", "all"] as const) if (left[odd]-- > 0) rerun(ledger, odd);
      for (const odd of ["candidate", "first", "all"] as const) left[odd] = Math.max(0, left[odd]);
    }
    expect(ledger.verdictOf("s")).toBe(verdict);
  });

  it("is called real in at most 1 % of trials, however often one looks, and a regression on top of it is found", () => {
    const random = seeded(20_261_129);
    const trials = 1_000;
    const counts = { noise: 0, regression: 0 };
    for (let trial = 0; trial < trials; trial++) {
      for (const kind of ["noise", "regression"] as const) {
        const ledger = new NoiseLedger();
        for (let run = 0; run < 300;) {
          const wrong = kind === "regression" && random() < 0.3;
          const [first, candidate, second] = [random() < 0.05, wrong || random() < 0.05, random() < 0.05];
          if (!first && !candidate) continue;
          run++;
          ledger.record(
            "s",
            places(["$.a"]),
            places(first || second ? ["$.a"] : []),
            candidate || second ? ["$.a"] : [],
          );
          if (ledger.verdictOf("s") !== "real") continue;
          counts[kind]++;
          break;
        }
      }
    }
    expect(counts.noise / trials).toBeLessThanOrEqual(0.01);
    expect(counts.regression / trials).toBe(1);
  });

  it("is told apart by path and by kind", () => {
    const ledger = new NoiseLedger();
    for (let run = 0; run < 120; run++) {
      ledger.record("v2-noise", places(["$.at"]), places(run % 2 ? ["$.at"] : []), run % 2 ? [] : ["$.at"]);
      ledger.record("v2-both", places(["$.at", "$.price"]), places(["$.at"]), ["$.at", "$.price"]);
    }
    expect(ledger.verdictOf("v2-noise")).toBe("noise");
    expect(ledger.verdictOf("v2-both")).toBe("real");
    expect(ledger.verdictOf("v2-unknown")).toBe("undecided");
    expect(
      ledger.paths().map(({ name, reruns, differed, agreed, verdict }) => [name, reruns, differed, agreed, verdict]),
    ).toEqual([
      ["$.at", 240, 180, 60, "noise"],
      ["$.price", 120, 0, 0, "real"],
    ]);
    expect(ledger.groups().map(({ name, rate }) => [name, rate])).toEqual([
      ["v2-noise", 0.5],
      ["v2-both", 0],
    ]);
    expect(ledger.proposals()).toEqual(["$.at"]);
  });

  it.each(["missing", "null", "threw", "string"])(
    "is never where the candidate shows %s and control does not",
    (word) => {
      const ledger = new NoiseLedger();
      const strange = place("$.a", "number", word);
      for (let run = 0; run < 50; run++) ledger.record("s", [strange], [place("$.a")], ["$.a"]);
      expect(ledger.verdictOf("s")).toBe("undecided");
      expect(ledger.paths()[0]!.verdict).toBe("undecided");
      expect(ledger.proposals()).toEqual([]);
      // Control shows it as well, once: it is as unsteady as that.
      ledger.record("s", [strange], [strange], ["$.a"]);
      expect(ledger.verdictOf("s")).toBe("noise");
    },
  );

  it("is proposed at leaves alone", () => {
    const ledger = new NoiseLedger();
    const noisy = [
      place("$", "string", "string"),
      place("$.leaf", "string", "string"),
      place("$.date", "Date", "Date"),
      place("$.gone", "missing", "missing"),
      place("$.whole", "object", "object"),
      place("$.list", "length", "length"),
      place("$.sorted", "order", "order"),
      place("$.money", "Money", "Money"),
    ];
    for (let run = 0; run < 30; run++) {
      for (const each of noisy) ledger.record(each.path, [each], [each], [each.path]);
    }
    expect(ledger.paths().every(({ verdict }) => verdict === "noise")).toBe(true);
    expect(ledger.proposals()).toEqual(["$.date", "$.gone", "$.leaf"]);
  });

  it("at a whole is noise at its parts, and not at its namesakes", () => {
    const ledger = new NoiseLedger();
    ledger.record("a", places(["$.a.b", "$.ab", "$.a[*]", "$.ab.c"]), places(["$.a"]), []);
    expect(ledger.paths().map(({ differed }) => differed)).toEqual([1, 0, 1, 0]);
  });

  it("proposes patterns that a rule takes", () => {
    const ledger = new NoiseLedger();
    const noisy = [
      "$.items[3].at",
      '$.users["1042"].seen',
      "$.tree.kids[0].kids[1].at",
      '$.headers["x-(id)+"]',
      "$.next.next",
    ];
    const paths = noisy.map(generalise);
    for (let run = 0; run < 20; run++) ledger.record("a", places(paths), places(paths), paths);
    expect(ledger.proposals()).toEqual([
      '$.headers["x-(id)+"]',
      "$.items[*].at",
      "$.next.**",
      "$.tree.kids[*].**.at",
      "$.users.*.seen",
    ]);
    expect(() => compileRules({ ignore: ledger.proposals() }, "test")).not.toThrow();
  });

  it("is taken off the count of mismatches only where it is sure", () => {
    const groups = [
      { signature: "n", count: 5 },
      { signature: "r", count: 3 },
      { signature: "u", count: 4 },
    ];
    const verdicts = { n: "noise", r: "real", u: "undecided" } as const;
    expect(netMismatches(groups, (signature) => verdicts[signature as "n"])).toEqual({ raw: 12, net: 7 });
  });

  it("keeps a bounded ledger and counts what it did not keep", () => {
    const ledger = new NoiseLedger();
    for (let kind = 0; kind < 2_000; kind++) ledger.record(`s${kind}`, [], [], []);
    expect(ledger.groups()).toHaveLength(1_024);
    expect(ledger.dropped).toBe(976);
    const ofPaths = new NoiseLedger();
    for (let path = 0; path < 1_030; path++) ofPaths.record("s", places([`$.p${path}`]), [], []);
    expect(ofPaths.paths()).toHaveLength(1_024);
    expect(ofPaths.dropped).toBe(6);
    // Where there was no room for what control shows, nobody says that the candidate shows no other.
    for (let run = 0; run < 30; run++)
      for (const path of ["$.p0", "$.p1029"]) ofPaths.record(path, places([path]), places([path]), [path]);
    expect(ofPaths.verdictOf("$.p0")).toBe("noise");
    expect(ofPaths.verdictOf("$.p1029")).toBe("undecided");
  });

  it("keeps sixteen words of each side at a path", () => {
    const ledger = new NoiseLedger();
    const shows = (word: string, other: string): void =>
      ledger.record("s", [place("$.a", word, other)], [place("$.a", word, word)], ["$.a"]);
    for (let word = 0; word < 16; word++) shows(`w${word}`, `w${word}`);
    // One more of the candidate's is not looked at, and one more of control's is not known.
    for (let run = 0; run < 30; run++) shows("w16", "w17");
    expect(ledger.paths()[0]!.verdict).toBe("noise");
    const known = new NoiseLedger();
    for (let word = 0; word < 17; word++)
      known.record("s", [place("$.a", `w${word}`, "w16")], [place("$.a", `w${word}`, `w${word}`)], ["$.a"]);
    for (let run = 0; run < 30; run++)
      known.record("s", [place("$.a", "w0", "w16")], [place("$.a", "w0", "w0")], ["$.a"]);
    expect(known.paths()[0]!.verdict).toBe("undecided");
  });

  it("knows every word that control has shown at a path, whenever", () => {
    const ledger = new NoiseLedger();
    ledger.record("s", [place("$.a", "null", "string")], [place("$.a", "null", "string")], ["$.a"]);
    for (let run = 0; run < 30; run++)
      ledger.record("s", [place("$.a", "null", "null")], [place("$.a", "null", "null")], ["$.a"]);
    expect(ledger.paths()[0]!.verdict).toBe("noise");
  });

  it("is never where the candidate shows something strange at one of a mismatch's places", () => {
    const ledger = new NoiseLedger();
    const both = [place("$.a"), place("$.b", "number", "threw")];
    for (let run = 0; run < 50; run++) ledger.record("s", both, places(["$.a", "$.b"]), ["$.a", "$.b"]);
    expect(ledger.verdictOf("s")).toBe("undecided");
    // Nor where it shows what control does as well, at another time.
    for (let run = 0; run < 50; run++)
      ledger.record("t", [place("$.c", "number", run % 2 ? "number" : "threw")], places(["$.c"]), ["$.c"]);
    expect(ledger.paths().map(({ name, verdict }) => [name, verdict])).toEqual([
      ["$.a", "noise"],
      ["$.b", "undecided"],
      ["$.c", "undecided"],
    ]);
  });

  it("goes by the share of a mismatch's places", () => {
    const verdict = (own: readonly string[], third: readonly string[], runs: number) => {
      const ledger = new NoiseLedger();
      for (let run = 0; run < runs; run++) ledger.record("s", places(["$.a", "$.b"]), places(own), third);
      const [group] = ledger.groups();
      return [group!.verdict, group!.differed, group!.agreed];
    };
    // At half of the places the candidate alone is the odd one: half an excess, so that twice as many runs are not enough.
    expect(verdict([], ["$.a", "$.b"], 9)).toEqual(["real", 0, 0]);
    expect(verdict([], ["$.a"], 9)).toEqual(["undecided", 0, 0]);
    expect(verdict([], ["$.a"], 40)).toEqual(["real", 0, 0]);
    expect(verdict(["$.a", "$.b"], [], 20)).toEqual(["noise", 20, 20]);
    expect(verdict(["$.a"], ["$.b"], 60)).toEqual(["noise", 0, 0]);
  });

  it("is one at paths that are shown as one", () => {
    const apart = new NoiseLedger();
    const together = new NoiseLedger();
    for (let run = 0; run < 30; run++) {
      for (const path of ["$.a", "$.b"]) {
        const third = run % 3 === 0 ? [] : [path];
        apart.record(path, places([path]), run % 2 ? places([path]) : [], third);
        together.record("s", places(["$.x"]), run % 2 ? places(["$.x"]) : [], third.length > 0 ? ["$.x"] : []);
      }
    }
    expect(apart.paths(() => "$.x")).toEqual(together.paths());
    expect(apart.paths(() => "$.x")[0]).toMatchObject({ reruns: 60, differed: 30, agreed: 20, rate: 0.5 });
  });

  it.each([
    ["strange at the first", ["threw", "number"]],
    ["strange at the second", ["number", "threw"]],
  ])("is none at paths that are shown as one, where the candidate is %s", (_, words) => {
    const ledger = new NoiseLedger();
    for (let run = 0; run < 50; run++)
      ["$.a", "$.b"].forEach((path, at) =>
        ledger.record(path, [place(path, "number", words[at])], places([path]), [path]),
      );
    expect(ledger.paths(() => "$.x").map(({ verdict }) => verdict)).toEqual(["undecided"]);
    expect(ledger.proposals(() => "$.x")).toEqual([]);
  });

  it.each([
    ["the first", ["object", "string"]],
    ["the second", ["string", "object"]],
  ])("is not proposed at paths that are shown as one, where %s is a whole", (_, words) => {
    const ledger = new NoiseLedger();
    for (let run = 0; run < 30; run++)
      ["$.a", "$.b"].forEach((path, at) => {
        const shown = place(path, words[at], words[at]);
        ledger.record(path, [shown], [shown], [path]);
      });
    expect(ledger.paths(() => "$.x")[0]!.verdict).toBe("noise");
    expect(ledger.proposals(() => "$.x")).toEqual([]);
    expect(ledger.proposals()).toHaveLength(1);
  });

  it("is not proposed where either side has shown a whole", () => {
    const ledger = new NoiseLedger();
    for (const path of ["$.a", "$.b"])
      for (let run = 0; run < 30; run++) {
        const whole = place(path, "object", "string");
        const shown = place(path, "string", "string");
        ledger.record(path, [path === "$.a" ? shown : { ...whole, control: "string" }], [whole], [path]);
      }
    expect(ledger.paths().map(({ verdict }) => verdict)).toEqual(["noise", "noise"]);
    expect(ledger.proposals()).toEqual([]);
  });
});
