import { describe, expect, it } from "vitest";
import { UntoldErrors } from "../../../src/experiment/record/untold-errors.ts";

describe("errors that no caller can be told", () => {
  it("are told once, in one error", () => {
    const untold = new UntoldErrors();
    expect(untold.take()).toBeUndefined();
    untold.add(new Error("a"));
    expect(untold.take()).toMatchObject({
      errors: [{ message: "a" }],
      message: "1 call did not match after the caller had its answer. The first: a",
    });
    expect(untold.take()).toBeUndefined();
  });

  it("are kept up to 100, and counted beyond", () => {
    const untold = new UntoldErrors();
    for (let call = 0; call < 250; call++) untold.add(new Error(`${call}`));
    const error = untold.take()!;
    expect(error.errors).toHaveLength(100);
    expect(error.message).toMatch(/^250 calls .* of which the first 100 are in `errors`\. The first: 0$/);
  });
});
