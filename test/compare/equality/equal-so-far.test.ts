import { describe, expect, it } from "vitest";
import { compare } from "../../../src/compare/compare.ts";

const rows = (count: number, last: number): object[] =>
  Array.from({ length: count }, (_, id) => ({ id, price: id === count - 1 ? last : id }));

describe("what a first look has found equal", () => {
  it("is not looked at again where a later element differs", () => {
    let looks = 0;
    const counted = new Proxy(
      { id: "first" },
      {
        ownKeys(target) {
          looks += 1;
          return Reflect.ownKeys(target);
        },
      },
    );
    const onlyLook = looksAt(() => compare([{ id: "first" }, ...rows(20, 1)], [counted, ...rows(20, 1)]));
    const withDifference = looksAt(() => compare([{ id: "first" }, ...rows(20, 1)], [counted, ...rows(20, 2)]));
    expect(onlyLook).toBeGreaterThan(0);
    expect(withDifference).toBe(onlyLook);

    function looksAt(work: () => unknown): number {
      looks = 0;
      work();
      return looks;
    }
  });

  it("was found under the rules of its place: the same lists are looked at anew at another", () => {
    const [control, candidate] = [rows(20, 1), rows(20, 2)];
    Object.assign(candidate[0]!, { price: 100 });
    const ignore = ["$.free[0].price"];
    const result = compare({ free: control, strict: control }, { free: candidate, strict: candidate }, { ignore });
    expect(result).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.free[19].price" }, { path: "$.strict[0].price" }, { path: "$.strict[19].price" }],
    });
    const each = compare(
      { free: control, strict: control },
      { free: candidate, strict: candidate },
      { ignore: ["$.free[*].price"] },
    );
    expect(each).toMatchObject({ differences: [{ path: "$.strict[0].price" }, { path: "$.strict[19].price" }] });
  });

  it("says at the right place what differs, however deep the list stands", () => {
    const page = (total: number): object => ({ pages: [{ rows: rows(30, 1) }, { rows: rows(30, total) }], total: 1 });
    expect(compare(page(1), page(7))).toMatchObject({
      kind: "mismatch",
      differences: [{ path: "$.pages[1].rows[29].price", control: 1, candidate: 7 }],
    });
  });
});
