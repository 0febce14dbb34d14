import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signatureOf } from "../../src/compare/signature.ts";
import type { Difference, DifferenceKind } from "../../src/model/comparison.ts";

const at = (
  path: string,
  kind: DifferenceKind = "value",
  control: unknown = 1,
  candidate: unknown = 2,
): Difference => ({
  path,
  kind,
  control,
  candidate,
});

const readable = (path: string): string => signatureOf([at(path)]).readable;

describe("a signature", () => {
  it("is versioned, short, and never changes for the same rules", () => {
    expect(signatureOf([at("$.items[2].price", "type", 1, "1")])).toEqual({
      id: "v2-dhk01ae3csrx",
      readable: "$.items[*].price number>string",
    });
  });

  it.each([
    ["$.items[12].price", "$.items[*].price value number"],
    ['$.headers["x-request-id"]', '$.headers["x-request-id"] value number'],
    ["$.byId.42", "$.byId.* value number"],
    ['$.byId["42"]', "$.byId.* value number"],
    ['$.users["3f2504e0-4f89-11d3-9a0c-0305e82c3301"].name', "$.users.*.name value number"],
    ['$.days["2026-11-23"]', '$.days["2026-11-23"] value number'],
    ['$.people["ann@example.org"].age', '$.people["ann@example.org"].age value number'],
    ["$.carts.01ARZ3NDEKTSV4RRFFQ69G5FAV.total", "$.carts.*.total value number"],
    ["$.carts.user_1042.total", "$.carts.user_1042.total value number"],
    ["$.shippingAddressLine1", "$.shippingAddressLine1 value number"],
    ["$.oauth2RefreshToken", "$.oauth2RefreshToken value number"],
    ["$.last30DaysRevenue", "$.last30DaysRevenue value number"],
    ["$.decade1990", "$.decade1990 value number"],
    ["$.facade01", "$.facade01 value number"],
    ["$.internationalizationSettings2", "$.internationalizationSettings2 value number"],
    ["$.blobs.9f86d081884c7d65", "$.blobs.* value number"],
    ["$.address_1", "$.address_1 value number"],
    ["$.sha256", "$.sha256 value number"],
    ["$.feedback", "$.feedback value number"],
    ['$.a["].x["].b', '$.a["].x["].b value number'],
    ["$.children[0].children[4].children[1].name", "$(.children[*])+.name value number"],
    ["$.next.next.next.value", "$(.next)+.value value number"],
    ['$.totals[key "shippingAddressLine1"]', '$.totals[key "shippingAddressLine1"] value number'],
    ['$.byId[key "3f2504e0-4f89-11d3-9a0c-0305e82c3301"]', "$.byId[*] value number"],
    ['$.byId[key "42"]', "$.byId[*] value number"],
    ["$.byId[key 42]", "$.byId[*] value number"],
    ['$.tags[element "new"]', "$.tags[*] value number"],
    ["$.grid[1][2]", "$.grid([*])+ value number"],
  ])("generalises %s", (path, expected) => {
    expect(readable(path)).toBe(expected);
  });

  it("names what was added, removed and cannot be told", () => {
    const differences = [
      at("$.b", "added", undefined, "x"),
      at("$.a", "removed", new Map(), undefined),
      at("$.c", "opaque"),
      at("$.d", "length"),
    ];
    expect(signatureOf(differences).readable).toBe("$.a removed Map, $.b added string, $.c opaque, $.d length");
  });

  it("tells a side that threw by its error's class and not by its message", () => {
    const one = signatureOf([at("$", "type", "returned number: 1", "threw TypeError: x of 1")]);
    const other = signatureOf([at("$", "type", "returned number: 2", "threw TypeError: y: of 2")]);
    expect(one).toEqual(other);
    expect(one.readable).toBe("$ returned number>threw TypeError");
  });

  it("takes no text of a value for its own words", () => {
    for (const path of ["$", "$.status"]) {
      for (const text of ["returned by customer on 2026-11-10", "returned number: 1", "threw Error: 3"]) {
        expect(signatureOf([at(path, "type", null, text)]).readable).toBe(`${path} null>string`);
        expect(signatureOf([at(path, "type", text, null)]).readable).toBe(`${path} string>null`);
      }
    }
    expect(signatureOf([at("$.a", "type", "returned a: 1", "threw b: 2")]).readable).toBe("$.a string>string");
  });

  const key = fc.stringMatching(/^[a-z]{1,7}$/);
  const kind = fc.constantFrom<DifferenceKind>("value", "added", "removed", "length", "order", "opaque");
  const leaf = fc.record({
    keys: fc.array(key, { minLength: 1, maxLength: 4 }),
    index: fc.nat(1e6),
    kind,
    value: fc.integer(),
  });
  const pathOf = ({ keys, index }: { keys: readonly string[]; index: number }): string =>
    `$.${keys.join(`[${index}].`)}`;

  it("does not change with the order of differences, positions, values or repetition", () => {
    fc.assert(
      fc.property(fc.array(leaf, { minLength: 1 }), fc.nat(1e6), fc.integer(), (leaves, shift, change) => {
        const first = leaves.map((one) => at(pathOf(one), one.kind, one.value, one.value));
        const second = leaves
          .flatMap((one) => [one, one])
          .map((one) => at(pathOf({ ...one, index: one.index + shift }), one.kind, one.value + change, change))
          .reverse();
        expect(signatureOf(second)).toEqual(signatureOf(first));
      }),
    );
  });

  it("changes when a new path, kind or type appears", () => {
    fc.assert(
      fc.property(fc.array(leaf, { minLength: 1 }), (leaves) => {
        const known = leaves.map((one) => at(pathOf(one), one.kind, one.value, one.value));
        const { id } = signatureOf(known);
        // Generated keys have no capitals, generated kinds no `undefined`, generated values no symbols.
        expect(signatureOf([...known, at("$.New")]).id).not.toBe(id);
        expect(signatureOf([...known, at(known[0]!.path, "undefined")]).id).not.toBe(id);
        expect(signatureOf([...known, at(known[0]!.path, "value", Symbol("s"))]).id).not.toBe(id);
      }),
    );
  });

  it("returns 50 000 different leaves 50 000 different ids", () => {
    const ids = new Set<string>();
    for (let index = 0; index < 50_000; index++) {
      ids.add(
        signatureOf([at(`$.k${String.fromCharCode(97 + (index % 26), 97 + (Math.floor(index / 26) % 26))}x${index}y`)])
          .id,
      );
    }
    expect(ids.size).toBe(50_000);
  });

  it("survives hostile values and paths of any length", () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(signatureOf([at("$", "value", revoked.proxy, revoked.proxy)]).readable).toBe("$ value object");
    expect(readable("$" + ".next".repeat(100_000))).toBe("$(.next)+ value number");
    expect(readable('$["' + "x".repeat(1_000_000) + '"]')).toMatch(/^\$\["x{996}…$/);
    expect(readable("$[[[[")).toBeTypeOf("string");
    expect(readable("")).toBe(" value number");
  });
});
