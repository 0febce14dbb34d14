import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { seeded } from "../../stats/sample.ts";
import { call } from "../host.ts";
import { stored } from "../stored.ts";
import { started, type Process } from "./process.ts";

const minute = 60_000;
const poll = 12_000;
const size = 10;

describe("a deployment of another version, process by process, whose candidate is wrong in 5 %", () => {
  it.each([
    { onNewVersion: "shadow", onReady: "advance" },
    { onNewVersion: "keep", onReady: "advance" },
  ] as const)(
    "is never certified by what the last version was, and serves nobody within the promised time: $onNewVersion",
    async (options) => {
      const clock = fixedClock();
      const { watch, ...store } = memoryStore();
      expect(watch).toBeTypeOf("function");
      const given = { ...options, minimumTimeMs: minute, minimumUnits: 200, steps: [0.25, 0.5, 0.75] };
      const fleet: Process[] = [];
      for (let index = 0; index < size; index++) fleet.push(await started(store, clock, given));
      const isNew = new Set<Process>();
      const told = new Set<Process>(fleet);
      let key = 0;
      const random = seeded(1);
      const seconds = async (count: number): Promise<void> => {
        for (let second = 0; second < count; second++) {
          for (let index = 0; index < 20; index++) {
            const process = fleet[key % size]!;
            call(process.ramp, process.host, {
              key: `customer-${key++}`,
              isBad: isNew.has(process) && random() < 0.05,
            });
          }
          await clock.advanceAsync(1_000);
        }
      };
      // The last version comes as far as 25 % by its own evidence.
      for (let waited = 0; (await stored(store))!.share < 0.25 && waited < 600; waited += 10) await seconds(10);
      expect((await stored(store))!).toMatchObject({ share: 0.25, candidateVersion: "v1" });

      const deployedAt = clock.monotonic();
      let shadowAt = Infinity;
      for (let index = 0; index < size; index++) {
        await fleet[index]!.ramp.close!();
        fleet[index] = await started(store, clock, { ...given, version: "v2" });
        isNew.add(fleet[index]!);
        told.add(fleet[index]!);
        for (let second = 0; second < 20; second++) {
          await seconds(1);
          if (fleet.every((each) => each.ramp.current().share === 0)) shadowAt = Math.min(shadowAt, clock.monotonic());
        }
      }
      await seconds(120);
      const { stage, mode, history } = (await stored(store))!;
      expect({ stage, mode }).toEqual({ stage: "shadow", mode: "rolled-back" });
      const ofNew = history.slice(history.findIndex(({ kind }) => kind === "new-version"));
      expect(ofNew.map(({ kind }) => kind)).toEqual(["new-version", "rolled-back"]);
      expect(
        [...told]
          .flatMap(({ host }) => host.events)
          .filter(({ kind, version }) => kind === "ready" && version === "v2"),
      ).toEqual([]);
      // Into shadow at once, or by what a minute shows; then the news has a poll.
      const within = options.onNewVersion === "shadow" ? 2 * poll : 2 * minute + 15_000 + 2 * poll;
      expect(shadowAt - deployedAt).toBeLessThanOrEqual(within);
    },
  );
});
