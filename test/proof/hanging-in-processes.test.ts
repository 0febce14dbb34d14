import { expect, it } from "vitest";
import { runChild } from "./child.ts";

const megabyte = 1_000_000;

it("100 000 calls with a candidate that never settles keep at most 2 MB", async () => {
  const { code, stdout, stderr } = await runChild("hanging.child.ts", [], { flags: ["--expose-gc"] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [standing, passing] = JSON.parse(stdout) as Record<string, number>[];
  for (const told of [standing, passing]) {
    expect(told).toMatchObject({ wrong: 0, residuals: {} });
    expect(told!["kept"]).toBeLessThan(2 * megabyte);
  }
  // While time stands still, 100 are in flight and nothing else starts.
  expect(standing).toMatchObject({ started: 100, timedOut: 0 });
  // 33 minutes: slots come free when ten minutes have passed, and the breaker keeps the candidate down.
  expect(passing!["timedOut"]).toBeGreaterThan(100);
});
