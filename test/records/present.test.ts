import { describe, expect, it } from "vitest";
import { preview } from "../../src/compare/copy/preview.ts";
import type { Difference } from "../../src/model/comparison.ts";
import type { PresentedResult } from "../../src/records/record.ts";
import { present } from "../../src/records/present.ts";
import { hidePath } from "../../src/records/names-in-code.ts";
import { compileRedaction, type RedactOptions } from "../../src/records/redaction.ts";
import { aResult } from "../../src/testing/a-result.ts";
import { hostileValues } from "../../src/testing/hostile-values.ts";
import { plantedResults, plantedSecrets, secretsIn } from "../../src/testing/secrets.ts";
import { testPublisher } from "../../src/testing/test-publisher.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";

const redaction = compileRedaction();
testPublisher(
  "a publisher of presented results",
  () => {
    let written = "";
    return {
      publisher: (result) => void (written += JSON.stringify(present(result, { values: "hidden", redaction }))),
      written: () => written,
    };
  },
  { describe, it },
);

const redacted = (value: unknown, options: RedactOptions = {}, path?: string): unknown =>
  compileRedaction(options).drawn(value, path);

describe("present, values hidden", () => {
  it("carries paths, kinds, types, error names and codes, and no value", () => {
    const error = Object.assign(new TypeError("no user 42"), { code: "E_NO_USER" });
    const result = aResult({
      id: "r-1",
      context: { cart: 7 },
      rollout: { stage: "ramp", share: 0.01, epoch: 3 },
      control: { outcome: { kind: "threw", error } },
    });
    expect(present(result, { values: "hidden", redaction })).toEqual({
      v: 2,
      type: "result",
      id: "r-1",
      process: "r",
      weight: 1,
      experiment: "find-user",
      startedAt: Date.UTC(2026, 0, 1),
      kind: "mismatch",
      served: "control",
      rollout: { stage: "ramp", share: 0.01, epoch: 3 },
      control: {
        name: "control",
        outcome: { kind: "threw", error: { name: "TypeError", code: "E_NO_USER" } },
        evidence: "live",
        durationMs: 12,
        syncMs: 0.5,
        offsetMs: 0,
      },
      candidates: [
        {
          name: "candidate",
          outcome: { kind: "returned", type: "object" },
          evidence: "live",
          durationMs: 8,
          syncMs: 0.4,
          offsetMs: 0.1,
          comparison: {
            kind: "mismatch",
            signature: expect.stringMatching(/^v2-/),
            differences: [{ path: "$.total", kind: "value", controlType: "number", candidateType: "number" }],
          },
        },
      ],
    });
  });

  it("holds none of six secrets in 6 000 generated placements", () => {
    const written = plantedResults(6_000, seededRandom(11)).map((result) =>
      JSON.stringify(present(result, { values: "hidden", redaction })),
    );
    expect(secretsIn(written.join("\n"))).toEqual([]);
  });

  it("would hold them if values were shown without redaction, so that the test above can fail", () => {
    const open = {
      text: (text: string) => text,
      drawn: (value: unknown) => value,
      value: (value: unknown) => preview(value),
      path: (path: string) => path,
    };
    const written = plantedResults(1_000, seededRandom(11)).map((result) =>
      JSON.stringify(present(result, { values: "shown", redaction: open })),
    );
    expect(secretsIn(written.join("\n"))).toEqual(Object.keys(plantedSecrets));
  });

  it.each([
    [
      Object.assign(new RangeError("x"), { code: "ERR_OUT_OF_RANGE" }),
      { name: "RangeError", code: "ERR_OUT_OF_RANGE" },
    ],
    [Object.assign(new Error("x"), { name: "PaymentRefused", code: 402 }), { name: "PaymentRefused", code: 402 }],
    [Object.assign(new Error("x"), { code: "ORA-00942" }), { name: "Error", code: "ORA-00942" }],
    [Object.assign(new Error("x"), { name: "a8f3e2b19c", code: "a8f3e2b19c77d6e5" }), { name: "Error" }],
    [{ name: "Ada" }, { name: "object" }],
    ["Ada", { name: "string" }],
    [null, { name: "null" }],
  ])("tells %s that was thrown by its name and code", (error, presented) => {
    const { outcome } = present(aResult({ control: { outcome: { kind: "threw", error } } }), {
      values: "hidden",
      redaction,
    }).control;
    expect(outcome).toEqual({ kind: "threw", error: presented });
  });

  it("cuts the list of differences at 50 and says how many more there are", () => {
    const difference = { path: "$.a", kind: "value", control: 1, candidate: 2 } as const;
    const comparison = {
      kind: "mismatch",
      signature: "v2-x",
      differences: [difference, ...Array.from({ length: 69 }, () => difference)],
    } as const;
    const [candidate] = present(aResult({ candidates: [{ comparison }] }), { values: "hidden", redaction }).candidates;
    expect(candidate!.comparison.differences).toHaveLength(50);
    expect(candidate!.comparison.moreDifferences).toBe(20);
  });

  it.each([
    ["$.items[2].price", "$.items[2].price"],
    ["$.billingAddress2.line1", "$.billingAddress2.line1"],
    ['$["ada@example.org"].total', "$.*.total"],
    ['$["x-id"]', "$.*"],
    ["$.a8f3e2b19c", "$.*"],
    ["$.hunter2Secret", "$.*"],
    ['$.map[key "secret"].a', "$.map[key *].a"],
    ["$[4929421234567890]", "$[*]"],
    ["no path at all", "$.*"],
  ])("shows %s as %s", (path, hidden) => expect(hidePath(path)).toBe(hidden));
});

describe("present, values shown", () => {
  it("carries values, redacted and bounded, whatever they are", () => {
    for (const [about, value] of hostileValues()) {
      const result = aResult({
        context: { value },
        control: { outcome: { kind: "returned", value } },
        candidates: [{ outcome: { kind: "threw", error: value } }],
      });
      for (const values of ["shown", "hidden"] as const) {
        const text = JSON.stringify(present(result, { values, redaction }));
        expect(text.length, about).toBeLessThan(600_000);
      }
    }
  });

  it("takes the usual secrets out by the names of their keys", () => {
    const result = aResult({
      context: { cart: 7, sessionId: "abc" },
      control: { outcome: { kind: "returned", value: { user: "Ada", password: "x1", nested: { accessToken: "x2" } } } },
    });
    const presented = present(result, { values: "shown", redaction });
    expect(presented.context).toEqual({ cart: 7, sessionId: "[redacted]" });
    expect(presented.control.outcome).toMatchObject({
      value: { user: "Ada", password: "[redacted]", nested: { accessToken: "[redacted]" } },
    });
  });

  it("redacts the two sides of a difference by the keys of its path", () => {
    const differences = [{ path: "$.user.password", kind: "value", control: "a", candidate: "b" }] as const;
    const comparison = { kind: "mismatch", signature: "v2-x", differences } as const;
    const presented = present(aResult({ candidates: [{ comparison }] }), { values: "shown", redaction });
    expect(presented.candidates[0]!.comparison.differences).toMatchObject([
      { path: "$.user.password", control: "[redacted]", candidate: "[redacted]" },
    ]);
  });

  it("shows bytes as length and digest only", () => {
    const result = aResult({ control: { outcome: { kind: "returned", value: Buffer.from("top secret") } } });
    const { outcome } = present(result, { values: "shown", redaction }).control;
    expect(outcome).toMatchObject({ value: { $Buffer: { length: 10, digest: expect.any(String) } } });
    expect(JSON.stringify(outcome)).not.toContain(Buffer.from("top sec").toString("hex"));
    expect(outcome).not.toHaveProperty("value.$Buffer.start");
  });
});

describe("present, values shown, redacts also what is made of values:", () => {
  const mail = "ada@example.org";
  const shownOf = (result: Parameters<typeof aResult>[0], options: RedactOptions = {}): PresentedResult =>
    present(aResult(result), { values: "shown", redaction: compileRedaction(options) });

  function differing(...differences: [Difference, ...Difference[]]): Parameters<typeof aResult>[0] {
    return { candidates: [{ comparison: { kind: "mismatch", signature: "v2-x", differences } }] };
  }

  it("keys in paths", () => {
    const path = `$.users[${JSON.stringify(mail)}][0].total`;
    const { comparison } = shownOf(differing({ path, kind: "value", control: 1, candidate: 2 })).candidates[0]!;
    expect(comparison.differences![0]!.path).toBe('$.users["[redacted]"][0].total');
  });

  it("all keys below a place that is redacted", () => {
    const difference = { path: '$.balances["DE 1"].now', kind: "value", control: 1, candidate: 2 } as const;
    for (const options of [{ keys: ["balance"] }, { paths: ["$.balances"] }]) {
      const [shown] = shownOf(differing(difference), options).candidates[0]!.comparison.differences!;
      expect(shown).toMatchObject({ path: "$.balances.*", control: "[redacted]" });
    }
  });

  it("paths of any length, cut", () => {
    const path = `$["${"k".repeat(500_000)}"]["${"l".repeat(900)}"]${".deep".repeat(500)}`;
    const [shown] = shownOf(differing({ path, kind: "added", candidate: 1 })).candidates[0]!.comparison.differences!;
    expect(shown!.path.length).toBeLessThan(1_100);
  });

  it("reasons", () => {
    const reason = `$[${JSON.stringify(mail)}] is opaque: it cannot be looked into`;
    const comparison = { kind: "inconclusive", reason } as const;
    expect(shownOf({ candidates: [{ comparison }] }).candidates[0]!.comparison.reason).toBe(
      '$["[redacted]"] is opaque: it cannot be looked into',
    );
  });

  it("reasons that name a place a second time, in the rule that they propose", () => {
    const path = `$[${JSON.stringify(mail)}]`;
    const reason = `${path} is opaque: it cannot be looked into. Say how: \`{ at: { ${JSON.stringify(path)}: … } }\``;
    for (const comparison of [
      { kind: "inconclusive", reason },
      { kind: "inconclusive", reason: `$.a["b is opaque ${mail}"] is opaque: it cannot be looked into` },
    ] as const) {
      const shown = shownOf({ candidates: [{ comparison }] }).candidates[0]!.comparison.reason;
      expect(shown).toContain("is opaque: it cannot be looked into");
      expect(shown).not.toContain(mail);
    }
  });

  it("rules that a comparer names, whether values are shown or not", () => {
    const comparison = { kind: "ignored", rule: `rounding, ${mail}`, differences: [] } as const;
    const result = aResult({ candidates: [{ comparison }] });
    for (const values of ["shown", "hidden"] as const) {
      const [shown] = present(result, { values, redaction: compileRedaction() }).candidates;
      expect(shown!.comparison.rule).toBe("rounding, [redacted]");
    }
  });

  it("the words for a side that threw, and for one that returned", () => {
    const differences = [
      { path: "$", kind: "type", control: "returned object: raw", candidate: "threw Error: raw" },
    ] as const;
    const [shown] = shownOf(
      {
        control: { outcome: { kind: "returned", value: { password: "x", account: 4 } } },
        candidates: [
          {
            outcome: { kind: "threw", error: new TypeError(`no user ${mail}`) },
            comparison: { kind: "mismatch", signature: "v2-x", differences },
          },
        ],
      },
      { keys: ["account"] },
    ).candidates[0]!.comparison.differences!;
    expect(shown).toMatchObject({
      control: 'returned object: { password: "[redacted]", account: "[redacted]" }',
      candidate: 'threw TypeError: "no user [redacted]"',
    });
  });

  it("pairs of query strings and forms, by the names that their places have lost", () => {
    const form = new FormData();
    form.set("password", "f");
    const value = { query: new URLSearchParams({ token: "q", page: "1" }), form };
    const differences = [
      { path: "$.query[0][1]", kind: "value", control: "q", candidate: "r" },
      { path: "$.query[1][1]", kind: "value", control: "1", candidate: "2" },
      { path: "$.form[0][1]", kind: "value", control: "f", candidate: "g" },
    ] as const;
    // The second one is what `redact` hands on.
    for (const returned of [value, preview(value)]) {
      const outcome = { kind: "returned", value: returned } as const;
      const comparison = { kind: "mismatch", signature: "v2-x", differences } as const;
      const presented = shownOf({ control: { outcome }, candidates: [{ outcome, comparison }] });
      expect(presented.candidates[0]!.comparison.differences!.map(({ control }) => control)).toEqual([
        "[redacted]",
        "1",
        "[redacted]",
      ]);
    }
  });

  it("records of a name and a value, as tools write headers, forms and variables down", () => {
    const value = {
      headers: [
        { name: "X-Api-Key", value: "k-1" },
        { name: "accept", value: "text/html" },
      ],
      env: [{ key: "PGPASSWORD", value: { raw: "p-1" } }],
    };
    const differences = [
      { path: "$.headers[0].value", kind: "value", control: "k-1", candidate: "k-2" },
      { path: "$.headers[1].value", kind: "value", control: "text/html", candidate: "*/*" },
      { path: "$.env[0].value.raw", kind: "value", control: "p-1", candidate: "p-2" },
    ] as const;
    const presented = shownOf({
      control: { outcome: { kind: "returned", value } },
      candidates: [
        { outcome: { kind: "returned", value }, comparison: { kind: "mismatch", signature: "v2-x", differences } },
      ],
    });
    expect(JSON.stringify(presented)).not.toMatch(/[kp]-[12]/);
    expect(presented.candidates[0]!.comparison.differences![1]).toMatchObject({ control: "text/html" });
  });

  it("ids of lists in another order, where one of their keys is redacted", () => {
    const difference = { path: "$.people", kind: "order", control: ["Ada", "Bob"], candidate: ["Bob", "Ada"] } as const;
    const [open] = shownOf(differing(difference)).candidates[0]!.comparison.differences!;
    expect(open!.control).toEqual(["Ada", "Bob"]);
    for (const options of [{ keys: ["name"] }, { paths: ["**.name"] }]) {
      const [shown] = shownOf(differing(difference), options).candidates[0]!.comparison.differences!;
      expect(shown).toMatchObject({ control: "[redacted]", candidate: "[redacted]" });
    }
  });

  it("secrets across the place where a text is cut", () => {
    for (let before = 440; before < 500; before++) {
      const value = { text: `${"x ".repeat(before).slice(0, before)} https://app:OpenSesame@db.host.test/x` };
      const text = JSON.stringify(shownOf({ control: { outcome: { kind: "returned", value } } }).control);
      expect(text).not.toContain("OpenS");
    }
  });

  it("values whose keys are cut, and numbers of cards", () => {
    const filler = Array.from({ length: 131 }, () => "x".repeat(500));
    for (let pad = 0; pad < 40; pad++) {
      const value = { filler, pad: "y".repeat(pad), cvv: 987_654, card: 4111111111111111 };
      const text = JSON.stringify(shownOf({ control: { outcome: { kind: "returned", value } } }).control);
      expect(text).not.toContain("987654");
    }
    const value = { paid: 4111111111111111, at: 1_700_000_000_000 };
    expect(shownOf({ control: { outcome: { kind: "returned", value } } }).control.outcome).toMatchObject({
      value: { paid: "[redacted]", at: 1_700_000_000_000 },
    });
  });
});

describe("redaction", () => {
  it("finds key names by their words, at any depth, in Maps and headers too", () => {
    expect(
      redacted({ bankAccount: 1, accounting: 2, deep: [{ "X-Account-Id": 3 }], $Map: 4 }, { keys: ["account"] }),
    ).toEqual({ bankAccount: "[redacted]", accounting: 2, deep: [{ "X-Account-Id": "[redacted]" }], $Map: 4 });
    expect(
      redacted({
        $Map: [
          ["password", "x"],
          ["name", { cookies: 1 }],
        ],
      }),
    ).toEqual({
      $Map: [
        ["password", "[redacted]"],
        ["name", { cookies: "[redacted]" }],
      ],
    });
  });

  it("finds paths, where * is one step and ** any number", () => {
    const value = { user: { name: "Ada", home: { street: "x" } }, list: [{ street: "y" }, { name: "z" }] };
    expect(redacted(value, { paths: ["**.street"] })).toEqual({
      user: { name: "Ada", home: { street: "[redacted]" } },
      list: [{ street: "[redacted]" }, { name: "z" }],
    });
    expect(redacted(value, { paths: ["$.list[*].name", "$.user.*"] })).toEqual({
      user: { name: "[redacted]", home: "[redacted]" },
      list: [{ street: "y" }, { name: "[redacted]" }],
    });
    expect(redacted("Ada", { paths: ["$.user.name"] }, "$.user.name")).toBe("[redacted]");
    expect(redacted("Ada", { paths: ["$.user"] }, "$.user.name")).toBe("[redacted]");
  });

  it("keeps equal visible as equal with keyed pseudonyms", () => {
    const replace = { pseudonym: "a key of enough length" };
    const [a, b, c] = ["x", "x", "y"].map((value) => redacted({ token: value }, { replace }) as { token: string });
    expect(a!.token).toMatch(/^~[\da-f]{16}$/);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    const other = redacted({ token: "x" }, { replace: { pseudonym: "another key of enough length" } });
    expect(other).not.toEqual(a);
  });

  it("takes a function that makes what stands there, and survives one that throws", () => {
    expect(redacted({ token: "abcd" }, { replace: (value) => `<${String(value).length}>` })).toEqual({ token: "<4>" });
    const replace = (): string => {
      throw new Error("no");
    };
    expect(redacted({ token: "abcd" }, { replace })).toEqual({ token: "[redacted]" });
  });

  it.each([
    ["-----BEGIN RSA PRIVATE KEY-----\nabc", "[redacted]"],
    ["jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl end", "jwt [redacted] end"],
    ["Authorization: Bearer abcdef123456", "Authorization: [redacted]"],
    ["https://ada:pw@host.test/a?token=abc&page=2", "https://[redacted]@host.test/a?token=[redacted]&page=2"],
    ["card 4929-4212-3456-7890 and order 1234567890123", "card 4929-4212-3456-7890 and order 1234567890123"],
    ["card 4111 1111 1111 1111", "card [redacted]"],
    ["mail ada@example.org now", "mail [redacted] now"],
    ["nothing private: 12.5 at 10:30", "nothing private: 12.5 at 10:30"],
  ])("sees a secret by its shape in %j", (text, shown) => {
    expect(redaction.text(text)).toBe(shown);
  });

  it.each([
    [{ key: ["a"] }, "unknown option `redact.key`; did you mean `redact.keys`?"],
    [{ keys: "a" }, "expected `redact.keys` to be an array"],
    [{ paths: ["user.name"] }, "expected `redact.paths[0]` to be a path pattern"],
    [
      { replace: { pseudonym: "short" } },
      "expected `redact.replace.pseudonym` to be a secret of at least 16 characters",
    ],
    [{ replace: 4 }, "expected `redact.replace` to be a text, { pseudonym: secret } or a function, got 4"],
  ])("refuses %j", (options, message) => {
    expect(() => compileRedaction(options as RedactOptions)).toThrow(message);
  });
});
