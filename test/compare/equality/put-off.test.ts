import { describe, expect, it } from "vitest";
import { wholePath, type Base } from "../../../src/compare/equality/put-off.ts";

describe("the path of what lies below pairs that were put off", () => {
  const above: Base = { above: undefined, path: ["rows", 0] };
  const below: Base = { above, path: ["price", "net"] };

  it("is its own where none was put off", () => {
    expect(wholePath(undefined, ["id"])).toEqual(["id"]);
  });

  it("begins with those above it, the outermost first", () => {
    expect(wholePath(above, ["id"])).toEqual(["rows", 0, "id"]);
    expect(wholePath(below, ["cents", 1])).toEqual(["rows", 0, "price", "net", "cents", 1]);
    expect(wholePath(below, [])).toEqual(["rows", 0, "price", "net"]);
  });
});
