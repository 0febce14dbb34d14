import { describe, expect, it } from "vitest";
import { documentedOutput, expectPrinted } from "./documented.ts";

describe("what a program says that it prints", () => {
  it("is what follows the last `// Prints:`", () => {
    expect(documentedOutput('f();\n// Prints:\n// one\n//   "two"\n//\n// three\n')).toBe('one\n  "two"\n\nthree');
    expect(documentedOutput("f();\n")).toBeUndefined();
  });

  it("holds when it is printed, and `…` stands for anything in its line", () => {
    expectPrinted("a\ntook 3 ms (b)\n", "a\ntook … ms (b)");
  });

  it.each([
    ["another line", "a\nb", "a\nc"],
    ["a line more", "a\nb", "a"],
    ["a line less", "a", "a\nb"],
    ["signs that mean something in a pattern", "aXb", "a.b"],
    ["lines where `…` stands", "a\nb", "…b"],
  ])("does not hold for %s", (_, output, documented) => {
    expect(() => expectPrinted(output, documented)).toThrow();
  });
});
