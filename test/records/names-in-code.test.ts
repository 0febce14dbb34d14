import { describe, expect, it } from "vitest";
import { hideReason, looksLikeClassName, looksLikeCode, hideGeneralPath } from "../../src/records/names-in-code.ts";

describe("codes of errors", () => {
  it.each([
    ...["P2002", "ECONNRESET", "ERR_OUT_OF_RANGE", "ERR_HTTP2_ERROR", "ORA-00942", "23505", "42P01", "0A000", "E11000"],
    ...["not_found", "auth/expired", "permission-denied", "SQLITE_BUSY", "ResourceNotFoundException", "UND_ERR_SOCKET"],
    ...["ProvisionedThroughputExceededException", "messaging/registration-token-not-registered", 404, 1062, -2, 50_000],
  ])("shows %s", (code) => expect(looksLikeCode(code)).toBe(true));

  it.each([
    ...[
      "4111111111111111",
      "078-05-1120",
      "DE89370400440532013000",
      "AKIAIOSFODNN7EXAMPLE",
      "Tr0ub4dor",
      "Ada Lovelace",
    ],
    ...[
      "Bearer abcDEF123456",
      "ada@example.org",
      "10.0.0.1",
      "a8f3e2b19c77d6e5",
      "dQwErTyUiOpAsDfGhJkL",
      "hunter2",
      "",
    ],
    ...["A".repeat(200), "-a", "a--b", "ghp_A1b2C3d4E5f6", 482_913, 1.5, Number.NaN, 4111111111111111, {}, undefined],
  ])("hides %s", (code) => expect(looksLikeCode(code)).toBe(false));
});

describe("names of classes", () => {
  it.each(["Uint8Array", "S3Client", "BigInt64Array", "Money", "_Private", "Sha256", "null", "t"])("shows %s", (name) =>
    expect(looksLikeClassName(name)).toBe(true),
  );
  it.each(["ghp_A1b2C3d4E5f6G7h8", "a8f3e2b19c", "Ada Lovelace", "x".repeat(61), "4111", ""])("hides %s", (name) =>
    expect(looksLikeClassName(name)).toBe(false),
  );
});

describe("reasons", () => {
  it.each([
    ["timed-out", "timed-out"],
    ["`normalize` threw", "`normalize` threw"],
    ["more than 1000000 values", "more than 1000000 values"],
    ["deeper than 64 levels", "deeper than 64 levels"],
    ["control's stream was not read to its end", "control's stream was not read to its end"],
    [
      "control returned a promise with methods of its own, or a lazy thenable; return a plain promise to have it compared",
      "control returned a promise with methods of its own, or a lazy thenable; return a plain promise to have it compared",
    ],
    [
      '$.users["ada@example.org"] is opaque: it cannot be looked into, and 2 more',
      "$.users.* is opaque: it cannot be looked into, and 2 more",
    ],
    ["abandoned", "abandoned"],
    ["abandoned: Ada Lovelace hung up", "abandoned"],
    ["`prepareComparable` timed out", "`prepareComparable` timed out"],
    ["what was reported of control is no outcome", "what was reported of control is no outcome"],
    [
      "the comparer returned a promise; compare synchronously",
      "the comparer returned a promise; compare synchronously",
    ],
    ["`at` threw", "`at` threw"],
    ["a body was not seen whole: too-large", "a body was not seen whole: too-large"],
    [
      '$.a["ada@example.org"] is opaque: it cannot be looked into. Not all of what a Purse holds can be seen; say how to read it: `compare: { at: { "$.a[\\"ada@example.org\\"]": (it) => … } }`',
      "$.a.* is opaque: it cannot be looked into",
    ],
    [
      'what was seen is known as "Ada \\"L\\"", but not all was seen: more than 50 differences',
      "what was seen is known, but not all was seen: more than 50 differences",
    ],
    [
      'what was seen is known as "a", but not all was seen: diabetic',
      "what was seen is known, but not all was seen: (hidden)",
    ],
    // A comparer's own words that begin like ours.
    ["more than 4929421234567890", "(hidden)"],
    ["more than ada lovelace", "(hidden)"],
    ["a stream diabetic", "(hidden)"],
    ["diabetic threw", "(hidden)"],
    ["patient Ada Lovelace is diabetic", "(hidden)"],
    ["diabetic", "(hidden)"],
  ])("%j is told as %j", (reason, hidden) => expect(hideReason(reason)).toBe(hidden));
});

describe("generalized paths", () => {
  it.each([
    ["$", "$"],
    ["$.rows[*].price", "$.rows[*].price"],
    ['$.byMail["ada@example.test"].total', "$.byMail.*.total"],
    ['$.byMail["a].b(\\"c"][*]', "$.byMail.*[*]"],
    ["$.orders.4111111111111111", "$.orders.*"],
    ["$[4111111111111111].a", "$.*.a"],
    ['$[key "ada"].name', "$[key *].name"],
    ["$(.children[*])+.name", "$(.children[*])+.name"],
    ['$(["ada lovelace"][*])+.name', "$(.*[*])+.name"],
  ])("%s is shown as %s", (path, shown) => {
    expect(hideGeneralPath(path)).toBe(shown);
  });
});
