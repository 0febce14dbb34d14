import { expect, it } from "vitest";
import * as rollout from "../../src/rollout/index.ts";

it("opens no name at run time but those that a page of ours uses", () => {
  expect(Object.keys(rollout).sort()).toEqual(["fromEnvironment", "fromOpenFeature", "gates", "memoryStore", "ramp"]);
  expect(Object.keys(rollout.gates)).toEqual(["mismatches", "errors", "inconclusive", "slower", "custom", "external"]);
});
