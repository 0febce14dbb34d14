import { expect, it } from "vitest";
import { runChild } from "./child.ts";

it("half a minute of load with everything going wrong breaks no law", { timeout: 180_000 }, async () => {
  const { code, stdout, stderr } = await runChild("../../bench/soak.ts", ["--seconds", "30"], {
    flags: ["--expose-gc"],
  });
  expect({ code, stderr, ...(code !== 0 && { stdout }) }).toEqual({ code: 0, stderr: "" });
  const told = JSON.parse(stdout) as { calls: number; started: number; problems: unknown[] };
  expect(told.problems).toEqual([]);
  expect(told.calls).toBeGreaterThan(3_000);
  expect(told.started / told.calls).toBeGreaterThan(0.15);
  expect(told.started / told.calls).toBeLessThan(0.25);
});
