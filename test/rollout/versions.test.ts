import { describe, expect, it } from "vitest";
import { isKnown, latchOf, met, mostVersions, withLatch, type KnownVersion } from "../../src/rollout/versions.ts";

const latch = { at: 1, by: "Ada", reason: "wrong" };
const names = (versions: readonly KnownVersion[]): string[] => versions.map(({ version }) => version);

describe("the versions of a candidate", () => {
  it("stand in the order in which they were last met, each once, with their latch", () => {
    const versions = met(met(withLatch(met(met([], "1"), "2"), "1", latch), "3"), "1");
    expect(versions).toEqual([{ version: "2" }, { version: "3" }, { version: "1", latch }]);
    expect(latchOf(versions, "1")).toEqual(latch);
    expect(latchOf(versions, "2")).toBeUndefined();
    expect(latchOf(versions, undefined)).toBeUndefined();
    expect([isKnown(versions, "3"), isKnown(versions, "4")]).toEqual([true, false]);
    expect(withLatch(versions, "1", undefined)).toEqual([{ version: "2" }, { version: "3" }, { version: "1" }]);
    expect([versions, versions[0], withLatch(versions, "2", latch)].every(Object.isFrozen)).toBe(true);
  });

  it("are forgotten but for the last 32", () => {
    let versions: readonly KnownVersion[] = [];
    for (let version = 0; version < 40; version++) versions = met(versions, `${version}`);
    expect(names(versions)).toEqual(Array.from({ length: mostVersions }, (_, index) => `${index + 8}`));
    expect(met(versions, "20")).toHaveLength(mostVersions);
  });
});
