import { afterEach, describe, expect, it, vi } from "vitest";
import { compareResponses } from "../../../src/http/index.ts";

afterEach(() => void vi.restoreAllMocks());

describe("a body beyond what is kept", () => {
  const large = (last: string): Response => new Response(`${"a".repeat(300_000)}${last}`);

  it("cannot be told in a runtime without a digest that runs", async () => {
    const asked = process.getBuiltinModule.bind(process) as (name: string) => unknown;
    vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
      name === "node:crypto" ? undefined : asked(name)) as never);
    const reason = "a body was not seen whole: too-large";
    expect(await compareResponses(large("b"), large("c"))).toEqual({ kind: "inconclusive", reason });
    expect(await compareResponses(large("b"), large("b"))).toEqual({ kind: "inconclusive", reason });
  });

  it("is told by its digest elsewhere", async () => {
    expect(await compareResponses(large("b"), large("b"))).toEqual({ kind: "match" });
    expect((await compareResponses(large("b"), large("c"))).kind).toBe("mismatch");
  });
});
