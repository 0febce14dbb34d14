import { describe, expect, it } from "vitest";
import { Laboratory } from "../../src/experiment/laboratory.ts";
import type { RolloutEvent } from "../../src/model/rollout.ts";
import { memoryStore } from "../../src/rollout/stores/memory.ts";
import { ramp } from "../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../src/rollout/ramp/ramp-options.ts";
import { gates } from "../../src/stats/gates.ts";
import { fixedClock, type FixedClock } from "../../src/testing/fixed-clock.ts";
import { seeded } from "../stats/sample.ts";

const options: RampOptions = {
  gates: [gates.mismatches(0.01)],
  onReady: "advance",
  minimumTimeMs: 60_000,
  version: "v1",
  steps: [0.1, 0.25, 0.5],
};

interface Simulation {
  readonly lab: Laboratory;
  readonly clock: FixedClock;
  readonly rollout: ReturnType<typeof ramp>;
  readonly events: readonly RolloutEvent[];
  /** One second: ten calls of ten customers, each checked for its answer. */
  second(): Promise<void>;
}

/** A service whose candidate answers wrongly as often as `badRate` says, and marks its answers when it is right. */
function simulate(more: RampOptions, badRate: () => number, clock: FixedClock = fixedClock()): Simulation {
  const rollout = ramp({ ...options, onMismatch: "control", ...more });
  const events: RolloutEvent[] = [];
  rollout.on((event) => events.push(event));
  const lab = new Laboratory({ clock, publishers: [], random: seeded(1) });
  const random = seeded(11);
  const price = lab.experiment("price", {
    control: async (customer: string) => Promise.resolve(customer.length),
    candidate: async (customer) => Promise.resolve(random() < badRate() ? -1 : customer.length),
    key: (customer) => customer,
    rollout,
  });
  let customer = 0;
  return {
    lab,
    clock,
    rollout,
    events,
    async second() {
      const names = Array.from({ length: 10 }, () => `customer-${customer++}`);
      const answers = await Promise.all(names.map(async (name) => price(name)));
      // Whoever serves: with `onMismatch: "control"`, nobody ever gets the wrong answer.
      expect(answers).toEqual(names.map((name) => name.length));
      await clock.advanceAsync(1_000);
    },
  };
}

describe("an experiment under a ramp", () => {
  it("reaches live with a good candidate, and stays there", async () => {
    const { second, rollout, events, lab } = simulate({}, () => 0);
    for (let elapsed = 0; elapsed < 700; elapsed++) await second();
    expect(rollout.current()).toMatchObject({ stage: "live", share: 1 });
    expect(events.filter(({ kind }) => kind === "advanced")).toHaveLength(4);
    expect(rollout.status().verdict.candidate).toBe("candidate");
    await lab.close();
  });

  it("is back in shadow soon after a regression at 25 %, and latched", async () => {
    const simulation = simulate({}, () => (simulation.rollout.current().share === 0.25 ? 0.2 : 0));
    const { second, rollout, events, lab } = simulation;
    for (let elapsed = 0; elapsed < 600 && rollout.status().state.mode === "running"; elapsed++) await second();
    const reached = events.find(({ to }) => to.share === 0.25)!;
    const back = events.find(({ kind }) => kind === "rolled-back")!;
    expect(back).toMatchObject({ from: { share: 0.25 }, to: { stage: "shadow", share: 0 }, by: "ramp" });
    // 20 % bad where 1 % is tolerated: within 200 calls, which are 20 s.
    expect(back.at - reached.at).toBeLessThanOrEqual(20_000);
    for (let elapsed = 0; elapsed < 120; elapsed++) await second();
    expect(rollout.current()).toMatchObject({ stage: "shadow", share: 0 });
    await lab.close();
  });

  it("never leaves shadow with a candidate that is dead", async () => {
    const { second, rollout, events, lab } = simulate({}, () => {
      throw new Error("dead");
    });
    for (let elapsed = 0; elapsed < 120; elapsed++) await second();
    expect(rollout.current()).toMatchObject({ stage: "shadow", share: 0 });
    expect(events.map(({ kind }) => kind)).toEqual(["rolled-back"]);
    await lab.close();
  });

  it("goes on where it was after a restart in the middle", async () => {
    const store = memoryStore();
    const first = simulate({ store }, () => 0);
    for (let elapsed = 0; elapsed < 150; elapsed++) await first.second();
    const { stage, share, epoch } = first.rollout.current();
    expect(stage).toBe("ramp");
    await first.lab.close();
    const again = simulate({ store }, () => 0, first.clock);
    await again.rollout.loaded;
    expect(again.rollout.current()).toMatchObject({ stage, share, epoch });
    for (let elapsed = 0; elapsed < 150; elapsed++) await again.second();
    expect(again.rollout.current().share).toBeGreaterThan(share);
    await again.lab.close();
  });

  it("goes on and comes back together in two processes on one store", async () => {
    const store = memoryStore();
    let badRate = 0;
    const one = simulate({ store, checkEveryMs: 1_000 }, () => 0);
    const two = simulate({ store, checkEveryMs: 1_000 }, () => badRate, one.clock);
    for (let elapsed = 0; elapsed < 200; elapsed++) {
      await one.second();
      await two.second();
    }
    expect(one.rollout.current().share).toBeGreaterThan(0);
    expect(two.rollout.current()).toMatchObject({ share: one.rollout.current().share });
    badRate = 0.5;
    for (let elapsed = 0; elapsed < 20; elapsed++) {
      await two.second();
      await one.second();
    }
    expect(one.rollout.status().state).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    expect(two.rollout.status().state).toEqual(one.rollout.status().state);
    // By the process that wrote it, and by no other.
    expect([...one.events, ...two.events].filter(({ kind }) => kind === "rolled-back")).toHaveLength(1);
    await one.lab.close();
    await two.lab.close();
  });

  it("counts and tells what a store does wrong, and serves nobody by it", async () => {
    const clock = fixedClock();
    const faults: string[] = [];
    const lab = new Laboratory({
      clock,
      onFault: ({ operation, experiment }) => faults.push(`${operation} ${experiment}`),
    });
    const fails = async (): Promise<never> => Promise.reject(new Error("unreachable"));
    const store = {
      ...{ sync: fails, compareAndSet: fails, claim: fails },
      ...{ collect: fails, conclude: fails, forget: fails },
    };
    const rollout = ramp({ ...options, unkeyed: "by-call", store, checkEveryMs: 1_000 });
    const price = lab.experiment("price", { control: (): string => "control", candidate: () => "candidate", rollout });
    for (let second = 0; second < 5; second++) {
      expect(price()).toBe("control");
      await clock.advanceAsync(1_000);
    }
    expect(faults.length).toBeGreaterThanOrEqual(5);
    expect(new Set(faults)).toEqual(new Set(["store price"]));
    expect(lab.status().experiments["price"]!.faults).toEqual({ store: faults.length });
    expect(lab.report("price")).toContain(`faults       ${faults.length} store`);
    await expect(rollout.advance({ by: "Ada" })).rejects.toMatchObject({ code: "invalid-state" });
    await lab.close();
  });

  it("tells publishers what happened", async () => {
    const seen: RolloutEvent[] = [];
    const clock = fixedClock();
    const rollout = ramp({ ...options, unkeyed: "by-call" });
    const lab = new Laboratory({
      clock,
      publishers: [{ name: "events", publish: () => undefined, publishEvent: (event) => void seen.push(event) }],
    });
    lab.experiment("price", { control: () => 1, candidate: () => 1, rollout });
    await rollout.advance({ by: "Ada", reason: "try it" });
    await clock.advanceAsync(0);
    await lab.close();
    expect(seen).toEqual([
      expect.objectContaining({ kind: "advanced", experiment: "price", by: "Ada", reason: "try it" }),
    ]);
  });
});
