import { describe, expect, it } from "vitest";
import { decide } from "../../../src/rollout/decide.ts";
import { ramp, type Ramp } from "../../../src/rollout/ramp/ramp.ts";
import type { RampOptions } from "../../../src/rollout/ramp/ramp-options.ts";
import { toleratedServed } from "../../../src/rollout/ramp/served-verdict.ts";
import { SampleRatio } from "../../../src/stats/sample-ratio.ts";
import { gates } from "../../../src/stats/gates.ts";
import { sample, seeded } from "../../stats/sample.ts";
import { testHost, type TestHost } from "../host.ts";

const minute = 60_000;

interface Driven {
  readonly ramp: Ramp;
  readonly host: TestHost;
}

function bound(options: RampOptions = {}): Driven {
  const made = ramp({
    gates: [gates.mismatches(), gates.errors()],
    onReady: "advance",
    minimumTimeMs: minute,
    ...options,
  });
  const host = testHost();
  made.bind!("price", host);
  return { ramp: made, host };
}

/** So many calls of as many customers, a hundred a second, until `done`. */
function drive(
  { ramp: driven, host }: Driven,
  calls: number,
  isBad: (served: boolean) => boolean,
  done: () => boolean = () => false,
  serves: (served: boolean) => boolean = (served) => served,
): void {
  for (let index = 0; index < calls && !done(); index++) {
    const key = `customer-${host.called++}`;
    const snapshot = driven.current();
    const served = serves(decide(snapshot, driven.bucket("price", key)).serve === "candidate");
    const kind = isBad(served) ? "mismatch" : "match";
    driven.record!(sample({ kind, key, served, at: host.clock.now(), epoch: snapshot.epoch }));
    host.clock.advance(10);
  }
}

describe("a step beyond shadow", () => {
  it("does not pass where the candidate is wrong in 5 % of what it answers, and right in shadow", () => {
    const random = seeded(21);
    const driven = bound();
    let largest = 0;
    drive(
      driven,
      200_000,
      (served) => served && random() < 0.05,
      () => {
        largest = Math.max(largest, driven.ramp.current().share);
        return driven.ramp.status().state.mode === "rolled-back";
      },
    );
    expect(largest).toBe(0.01);
    expect(driven.ramp.status().state).toMatchObject({ stage: "shadow", mode: "rolled-back" });
  });

  it("rests on units that the candidate answered, as many as its bound needs, and says how many are missing", () => {
    const driven = bound({ steps: [0.1] });
    drive(
      driven,
      20_000,
      () => false,
      () => driven.ramp.current().share === 0.1,
    );
    drive(driven, 400, () => false);
    const verdict = driven.ramp.verdict();
    expect(verdict.served!.units).toBeGreaterThan(20);
    expect(verdict.reasons.at(-1)).toMatch(/^Of what the candidate answered: \d+ more units? without a bad one/);
    drive(
      driven,
      20_000,
      () => false,
      () => driven.ramp.current().share === 1,
    );
    const [, advanced] = driven.host.events.filter(({ kind }) => kind === "advanced");
    expect(advanced!.reason).toMatch(/mismatch: at most/);
    const larger = bound({ steps: [0.1], minimumServed: 1_000 });
    drive(
      larger,
      20_000,
      () => false,
      () => larger.ramp.current().share === 0.1,
    );
    drive(larger, 7_000, () => false);
    expect(larger.ramp.verdict()).toMatchObject({ kind: "insufficient", missing: "too-few" });
  });

  it("tolerates of its answers 5 % at most, and no less than the gate", () => {
    expect([0.01, 0.1, 0.5, 1].map((share) => toleratedServed(0.001, share))).toEqual([0.05, 0.01, 0.002, 0.001]);
    expect(toleratedServed(0.2, 0.5)).toBe(0.2);
  });

  it("does not count where nobody is served, and says so", () => {
    const driven = bound();
    drive(
      driven,
      20_000,
      () => false,
      () => driven.ramp.current().share === 0.01,
    );
    drive(
      driven,
      900,
      () => false,
      undefined,
      () => false,
    );
    expect(driven.ramp.verdict().stalled).toBeUndefined();
    drive(
      driven,
      200,
      () => false,
      undefined,
      () => false,
    );
    const { stalled, kind } = driven.ramp.verdict();
    expect([kind, stalled]).toEqual(["insufficient", expect.stringMatching(/nobody is served. 1 % of the keys/)]);
    driven.host.clock.advance(20_000);
    expect(driven.host.events.at(-1)).toMatchObject({ kind: "stalled", reason: stalled });
    expect(driven.ramp.current().share).toBe(0.01);
  });

  it("pauses where another share is served than promised, and tests anew when a person goes on", async () => {
    const random = seeded(4);
    const driven = bound({ steps: [0.5], minimumTimeMs: 60 * minute });
    await driven.ramp.advance({ by: "Ada" });
    drive(
      driven,
      3_000,
      () => false,
      undefined,
      (served) => served && random() < 0.7,
    );
    driven.host.clock.advance(10_000);
    expect(driven.host.events.at(-1)).toMatchObject({ kind: "paused", by: "ramp" });
    expect(driven.host.events.at(-1)!.reason).toMatch(/answered \d+ of \d+ keys, and 50 % were promised/);
    expect(driven.ramp.verdict().units).toBeGreaterThan(1_000);
    await driven.ramp.resume({ by: "Ada" });
    drive(driven, 3_000, () => false);
    driven.host.clock.advance(10_000);
    expect(driven.ramp.status().state.mode).toBe("running");
  });
});

describe("the share that is served", () => {
  it("is called another one than promised in few runs, however often one looks, and found where it is", () => {
    const random = seeded(77);
    let wrong = 0;
    for (const share of [0.01, 0.05, 0.25, 0.5]) {
      for (let run = 0; run < 50; run++) {
        const ratio = new SampleRatio(share);
        while (!ratio.isFull && !ratio.isOff) ratio.add(random() < share);
        if (ratio.isOff) wrong++;
      }
    }
    expect(wrong).toBe(0);
    for (const share of [0.01, 0.05, 0.25, 0.5]) {
      for (const factor of [0, 0.5]) {
        const ratio = new SampleRatio(share);
        while (!ratio.isFull && !ratio.isOff) ratio.add(random() < factor * share);
        expect(ratio.isOff).toBe(true);
        expect(ratio.keys * share).toBeLessThan(100);
      }
    }
  });
});
