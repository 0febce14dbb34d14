import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { isChosen } from "../../../src/rollout/ramp/steps.ts";
import { memoryStore } from "../../../src/rollout/stores/memory.ts";
import { gates } from "../../../src/stats/gates.ts";
import { fixedClock } from "../../../src/testing/fixed-clock.ts";
import { call, testHost, type TestHost } from "../host.ts";

const by = "Ada";
const minute = 60_000;
const team = (key: string): boolean => key.startsWith("team-");

interface Driven {
  readonly ramp: Ramp;
  readonly host: TestHost;
}

function bound(options: RampOptions): Driven {
  const made = ramp({ gates: [gates.mismatches(0.01)], onReady: "advance", minimumTimeMs: minute, ...options });
  const host = testHost();
  made.bind!("price", host);
  return { ramp: made, host };
}

/** Ten calls a second, one of ten by one of twelve of the team. */
function drive(
  { ramp: driven, host }: Driven,
  calls: number,
  isBad: (key: string) => boolean = () => false,
): Set<string> {
  const served = new Set<string>();
  for (let index = 0; index < calls; index++) {
    const key = index % 10 === 3 ? `team-${index % 12}-${index % 60}` : `customer-${host.called}`;
    if (call(driven, host, { key, isBad: isBad(key) }) === "candidate") served.add(key);
    host.clock.advance(100);
  }
  return served;
}

const shares = ({ host }: Driven): readonly unknown[] =>
  host.events.filter(({ kind }) => kind === "advanced").map(({ to }) => `${to.stage} ${to.share}`);

describe("whether a key is chosen", () => {
  const fails = (): never => {
    throw new Error("no team");
  };
  it.each<readonly [string, unknown, boolean, string | undefined]>([
    ["what the step says", (key: string) => key === "team-1", true, undefined],
    ["no where nobody chooses", undefined, false, undefined],
    ["no where the step says nothing", () => undefined, false, undefined],
    [
      "no, with a fault, where it says something else",
      async () => true,
      false,
      "TypeError: `keys` of a step must return true or false",
    ],
    ["no, with a fault, where it throws", fails, false, "Error: no team"],
  ])("is %s", (_, chooses, chosen, fault) => {
    const faults: string[] = [];
    expect(isChosen(chooses as never, "team-1", (error) => void faults.push(String(error)))).toBe(chosen);
    expect(faults).toEqual(fault === undefined ? [] : [expect.stringContaining(fault)]);
  });
});

describe("a step with terms of its own", () => {
  it("lasts as long as it says, and others as long as the ramp says", () => {
    const driven = bound({ steps: [{ share: 0.1, minimumTimeMs: 30 * minute }, 0.5] });
    drive(driven, 60_000);
    const times = driven.host.events.filter(({ kind }) => kind === "advanced").map(({ at }) => at);
    expect(shares(driven)).toEqual(["ramp 0.1", "ramp 0.5", "live 1"]);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(30 * minute);
    expect(times[2]! - times[1]!).toBeLessThan(10 * minute);
    expect(driven.ramp.status().state.steps).toEqual([0.1, 0.5]);
  });

  it("pauses when the ramp comes to it, gathers evidence, and goes on with that when a person resumes it", async () => {
    const driven = bound({ steps: [0.1, { share: 0.5, pause: true }] });
    drive(driven, 20_000);
    expect(driven.ramp.status().state).toMatchObject({ share: 0.5, mode: "paused" });
    const verdict = driven.ramp.verdict();
    expect(verdict).toMatchObject({ kind: "ready", standing: "paused" });
    expect(verdict.reasons[0]).toBe("Paused, as this step is set to be, until a person resumes it.");
    expect(driven.host.events.at(-1)).toMatchObject({ kind: "ready" });
    await expect(driven.ramp.advance({ by })).rejects.toThrow(/It is paused; `resume` it first/);
    await driven.ramp.resume({ by });
    expect(driven.ramp.verdict().units).toBe(verdict.units);
    drive(driven, 100);
    expect(driven.ramp.current().stage).toBe("live");
  });

  it("pauses where a person goes on to it, too, in every process", async () => {
    const store = memoryStore();
    const options: RampOptions = { steps: [{ share: 0.5, pause: true }], store, version: "v1" };
    const [one, other] = [bound(options), bound(options)];
    await one.ramp.loaded;
    await other.ramp.loaded;
    await one.ramp.advance({ by });
    await other.host.clock.advanceAsync(20_000);
    for (const each of [one, other]) {
      expect(each.ramp.status().state).toMatchObject({ share: 0.5, mode: "paused" });
      expect(each.ramp.verdict().reasons[0]).toMatch(/as this step is set to be/);
    }
  });
});

describe("a first step of chosen keys", () => {
  it("serves these alone, then these beside each share, and is passed on what they were answered", () => {
    const driven = bound({ steps: [{ keys: team }, 0.1, 0.5] });
    drive(driven, 1_000);
    expect(driven.ramp.current()).toMatchObject({ stage: "ramp", share: 0 });
    const served = drive(driven, 300);
    expect(served.size).toBeGreaterThan(5);
    expect([...served].every(team)).toBe(true);
    drive(driven, 40_000);
    expect(shares(driven)).toEqual(["ramp 0", "ramp 0.1", "ramp 0.5", "live 1"]);
    expect(driven.host.events.map(({ kind }) => kind)).not.toContain("paused");
  });

  it("keeps them in at every share, and out of the sample by which the share is judged", async () => {
    const driven = bound({ steps: [{ keys: team }, 0.1], minimumTimeMs: 1e9 });
    await driven.ramp.advance({ by });
    await driven.ramp.advance({ by });
    const served = drive(driven, 3_000);
    expect([...served].filter(team).length).toBeGreaterThan(5);
    expect([...served].filter((key) => !team(key)).length).toBeGreaterThan(200);
    expect(driven.ramp.verdict().served!.units).toBeLessThan(360);
    driven.host.clock.advance(20_000);
    expect(driven.host.events.map(({ kind }) => kind)).toEqual(["advanced", "advanced"]);
    await driven.ramp.stepBack({ by, reason: "to see" });
    expect(driven.ramp.current()).toMatchObject({ stage: "ramp", share: 0 });
    await driven.ramp.stepBack({ by, reason: "to see" });
    expect(driven.ramp.current().stage).toBe("shadow");
  });

  it("is rolled back by what goes wrong for them alone", () => {
    const driven = bound({ steps: [{ keys: team }, 0.5] });
    drive(driven, 20_000, (key) => driven.ramp.current().stage === "ramp" && team(key));
    expect(driven.ramp.status().state).toMatchObject({ stage: "shadow", mode: "rolled-back" });
    expect(shares(driven)).toEqual(["ramp 0"]);
  });

  it("does not count where none of them comes, and says so", () => {
    const driven = bound({ steps: [{ keys: () => false }, 0.5] });
    drive(driven, 5_000);
    expect(driven.ramp.current()).toMatchObject({ stage: "ramp", share: 0 });
    expect(driven.host.events.at(-1)).toMatchObject({
      kind: "stalled",
      reason: expect.stringMatching(/^served: nobody is served. Those chosen are to be, and none of \d+ was\.$/),
    });
  });

  it("takes what throws, or returns something else, for a no and a counted fault", async () => {
    const answers: (() => unknown)[] = [() => true, () => Promise.resolve(true), () => 1];
    const rollout = ramp({
      steps: [
        {
          keys: () => {
            const answer = answers.shift();
            if (answer === undefined) throw new Error("directory down");
            return answer() as boolean;
          },
        },
      ],
    });
    const lab = new Laboratory({ clock: fixedClock(), onFault: () => undefined });
    const price = lab.experiment("price", {
      control: () => "control",
      candidate: () => "candidate",
      key: () => "k",
      rollout,
    });
    await rollout.advance({ by });
    expect([price(), price(), price(), price()]).toEqual(["candidate", "control", "control", "control"]);
    expect(lab.status().experiments["price"]!.faults).toEqual({ rollout: 3 });
    expect(lab.report("price").split("\n")[0]).toBe("price · ramp of chosen keys");
    await lab.close();
  });

  it("goes with a key, and comes first", () => {
    const steps = [{ keys: team }];
    const both = { control: () => 1, candidate: () => 1 };
    const lab = new Laboratory({ clock: fixedClock() });
    expect(() => lab.experiment("price", { ...both, rollout: ramp({ steps, unkeyed: "by-call" }) })).toThrow(
      /expected a `key` beside a `ramp` whose first step chooses keys/,
    );
    expect(() => ramp({ steps: [0.1, ...steps] })).toThrow(/`steps\[1\]` to be a share, since chosen keys come first/);
    expect(() => ramp({ steps: [0.5, { share: 0.1 }] })).toThrow(/`steps\[1\].share` to be a share between 0.5 and 1/);
  });
});
