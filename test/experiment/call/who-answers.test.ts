import { describe, expect, it } from "vitest";
import { Laboratory, type LaboratoryOptions } from "../../../src/index.ts";
import type { RolloutOption } from "../../../src/rollout/to-rollout.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/index.ts";
import { table } from "../../table.ts";

type Who = "control" | "candidate";
type Call = (id?: number) => Who;

/** The parts of an experiment that a reason needs, and what happens before the call that is looked at. */
interface Situation {
  readonly laboratory?: LaboratoryOptions;
  readonly definition?: object;
  before?(there: { lab: Laboratory; clock: FixedClock; call: Call }): void;
  /** How the call is made, where not plainly. */
  within?(there: { lab: Laboratory; call: Call }): Who;
}

const hang = (): never => new Promise<Who>(() => undefined) as never;

const situations: Readonly<Record<string, Situation>> = {
  compared: {},
  disabled: { before: ({ lab }) => (lab.enabled = false) },
  closed: { before: ({ lab }) => void lab.close() },
  "sampled-out": { definition: { sample: 0 } },
  "not-enabled": { definition: { enabled: () => false } },
  "gate-failed": {
    definition: {
      enabled: () => {
        throw new Error("gate");
      },
    },
  },
  "in-flight": { definition: { limits: { maxInFlight: 0 } } },
  "laboratory-in-flight": { laboratory: { limits: { maxInFlight: 0 } } },
  "breaker-open": {
    definition: { limits: { breakAfter: 1, breakMs: 60_000 } },
    before({ call }) {
      for (const id of [-1, -2]) call(id);
    },
  },
  "prepare-failed": {
    definition: {
      prepare: () => {
        throw new Error("prepare");
      },
    },
  },
  nested: {
    within({ lab, call }) {
      let inside: Who = "control";
      lab.experiment("outer", { control: () => 1, candidate: () => ((inside = call(1)), 1) })();
      return inside;
    },
  },
  detached: {
    within({ lab, call }) {
      let inside: Who = "control";
      lab.experiment("outer", { control: () => 1, candidate: () => 1, enabled: () => ((inside = call(1)), true) })();
      return inside;
    },
  },
};

const stages: Readonly<Record<string, RolloutOption>> = {
  off: "off",
  shadow: "shadow",
  "ramp, a key that is out": { serve: 0.000_001 },
  "ramp, a key that is in": { serve: 0.999_999 },
  live: "live",
  complete: "complete",
};

/** Who answers, and the reason that is counted for it. */
function ask(rollout: RolloutOption, { laboratory, definition, before, within }: Situation): [Who, string] {
  const clock = fixedClock();
  const lab = new Laboratory({ clock, random: () => 0.5, ...laboratory });
  let failing = false;
  const call: Call = lab.experiment("x", {
    control: (): Who => "control",
    candidate: (id?: number): Who => {
      if (id !== undefined && id < 0) failing = true;
      if (failing && id !== undefined && id < 0) throw new Error("candidate");
      return "candidate";
    },
    key: () => "key",
    rollout,
    ...definition,
  });
  try {
    before?.({ lab, clock, call });
  } catch {
    // In `complete` a candidate's error is its caller's.
  }
  const skips = { ...lab.status().experiments["x"]!.skips };
  const who = within ? within({ lab, call }) : call(1);
  const after = lab.status().experiments["x"]!.skips;
  const reason = Object.keys(after).find(
    (name) => after[name as keyof typeof after] !== skips[name as keyof typeof skips],
  );
  return [who, reason ?? "compared"];
}

describe("who answers a call", () => {
  const rows = Object.entries(situations).map(([reason, situation]) => ({
    reason,
    answers: Object.entries(stages).map(([stage, rollout]) => ({ stage, answer: ask(rollout, situation) })),
  }));

  it("that is not compared, is the reason's and the stage's to say, and in the docs", async () => {
    const cells = rows.map(({ reason, answers }) => [`\`${reason}\``, ...answers.map(({ answer: [who] }) => who)]);
    const page = [
      "# Who answers",
      "",
      "Which behavior answers a call, by the rollout's stage and by what keeps the call from being compared. Written by",
      "`test/experiment/call/who-answers.test.ts`, which makes each of these calls.",
      "",
      table(["", ...Object.keys(stages)], cells),
      "",
      "Sampling (`sample`, a rollout's `compare`) decides only what is compared. Everything else that is against running the",
      "candidate makes control answer, in every stage but `complete`; there control is no longer asked, and only the kill",
      "switch (`SIDELANE=off`, `laboratory.enabled = false`) goes before the candidate. After `close()` the last decision",
      "stands. Where the candidate answers alone and throws or times out, control answers, but not in `complete`.",
      "",
    ].join("\n");
    await expect(page).toMatchFileSnapshot("../../../docs/who-answers.md");
  });

  it("is counted under its reason, in each stage that can serve", () => {
    for (const { reason, answers } of rows) {
      for (const { stage, answer } of answers) {
        if (["shadow", "live", "ramp, a key that is in"].includes(stage))
          expect([stage, answer[1]]).toEqual([stage, reason]);
      }
    }
  });

  it("is control while as many candidates hang as may be in flight, with nothing compared too", async () => {
    for (const compare of [0, 1]) {
      const clock = fixedClock();
      const lab = new Laboratory({ clock });
      let ran = 0;
      const call = lab.experiment("x", {
        control: async (): Promise<Who> => "control",
        candidate: () => (ran++, hang()),
        rollout: { serve: 1, compare },
        limits: { maxInFlight: 5 },
      });
      const answers = Array.from({ length: 20 }, () => call());
      expect(await Promise.all(answers.slice(5))).toEqual(Array.from({ length: 15 }, () => "control"));
      expect(ran).toBe(5);
      clock.advance(10_000);
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, () => "control"));
    }
  });

  it("is the candidate again when a probe has succeeded, with nothing compared too", () => {
    const clock = fixedClock();
    const lab = new Laboratory({ clock });
    let broken = true;
    const call = lab.experiment("x", {
      control: (): Who => "control",
      candidate: (): Who => {
        if (broken) throw new Error("candidate");
        return "candidate";
      },
      rollout: { serve: 1, compare: 0 },
      limits: { breakAfter: 2, breakMs: 1_000 },
    });
    expect([call(), call(), call()]).toEqual(["control", "control", "control"]);
    expect(lab.status().experiments["x"]).toMatchObject({
      fellBack: 2,
      skips: { "sampled-out": 2, "breaker-open": 1 },
    });
    broken = false;
    expect(call()).toBe("control");
    clock.advance(1_001);
    expect([call(), call()]).toEqual(["candidate", "candidate"]);
  });
});
