import { describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/index.ts";
import type { Rollout, RolloutSnapshot } from "../../../src/model/rollout.ts";

// Whatever calls the experiment that it belongs to is asked once more at most, and not until the stack is full.

type Call = (id: number) => number;

const stages: Readonly<Record<string, Pick<RolloutSnapshot, "stage" | "share" | "compare">>> = {
  off: { stage: "off", share: 0, compare: 0 },
  shadow: { stage: "shadow", share: 0, compare: 1 },
  ramp: { stage: "ramp", share: 0.5, compare: 1 },
  live: { stage: "live", share: 1, compare: 1 },
  "live, nothing compared": { stage: "live", share: 1, compare: 0 },
  complete: { stage: "complete", share: 1, compare: 0 },
  "complete, compared": { stage: "complete", share: 1, compare: 1 },
};

const options = {
  enabled: true,
  key: "key",
  context: {},
  prepare: [1],
  beforeRun: undefined,
  afterRun: undefined,
  clean: 1,
  onNewMismatch: undefined,
  normalize: 1,
  when: false,
};
const ofRollout = ["current", "bucket", "record"] as const;

function rolloutOf(stage: string, hooks: { readonly [name in (typeof ofRollout)[number]]?: () => void }): Rollout {
  return {
    current() {
      hooks.current?.();
      return { ...stages[stage]!, epoch: 1 };
    },
    bucket() {
      hooks.bucket?.();
      return 0;
    },
    record() {
      hooks.record?.();
    },
  };
}

const rows = Object.keys(stages).flatMap((stage) =>
  [...Object.keys(options), ...ofRollout].map((hook) => ({ stage, hook })),
);

describe("an experiment that is called by its own", () => {
  it.each(rows)("`$hook` answers in stage $stage, and is not called for ever", async ({ hook, stage }) => {
    let [asked, sides] = [0, 0];
    let call: Call | undefined = undefined;
    const again = (): void => {
      asked += 1;
      // A test that fails is to end.
      if (asked < 100) call!(1);
    };
    const answering = (value: unknown) => () => (again(), value);
    const own = hook in options ? { [hook]: answering(options[hook as keyof typeof options]) } : {};
    const { normalize, when, ...hooks } = own;
    const lab = new Laboratory({ publishers: [] });
    call = lab.experiment("x", {
      control: () => (sides++, 1),
      candidate: () => (sides++, 2),
      key: () => "key",
      rollout: rolloutOf(stage, hook in options ? {} : { [hook]: again }),
      ...hooks,
      ...(normalize && { compare: { normalize } }),
      ...(when && { knownMismatches: [{ name: "known", when: when as () => boolean }] }),
    });
    const serves = stages[stage]!.share > 0;
    expect(call(1)).toBe(serves ? 2 : 1);
    await lab.settled();
    await lab.close();
    expect(asked).toBeLessThan(8);
    expect(sides).toBeLessThan(20);
  });

  it.each(["prepare", "current"] as const)(
    "`%s` is a fault that says so, and control answers that call",
    async (hook) => {
      const told: string[] = [];
      const inside: number[] = [];
      const lab = new Laboratory({ publishers: [], onFault: ({ error }) => told.push(String(error)) });
      const ask = (): void => void inside.push(call(2));
      const call: Call = lab.experiment("x", {
        control: (id) => id,
        candidate: (id) => -id,
        rollout: rolloutOf("complete", hook === "current" ? { current: ask } : {}),
        ...(hook === "prepare" && { prepare: (id: number): [number] => (ask(), [id]) }),
      });
      expect(call(1)).toBe(-1);
      expect(inside).toEqual([2]);
      expect(told).toEqual([
        expect.stringMatching(/experiment\("x"\): .* calls the experiment itself, and control answers/),
      ]);
      await lab.close();
    },
  );

  it.each(["prepare", "current"] as const)("`%s` of two that call each other ends, too", async (hook) => {
    const lab = new Laboratory({ publishers: [] });
    let asked = 0;
    const define = (name: string, other: () => Call): Call => {
      const ask = (): void => {
        if (asked++ < 100) other()(1);
      };
      return lab.experiment(name, {
        control: (id: number) => id,
        candidate: (id) => -id,
        rollout: rolloutOf("complete", hook === "current" ? { current: ask } : {}),
        ...(hook === "prepare" && { prepare: (id: number): [number] => (ask(), [id]) }),
      });
    };
    const one: Call = define("one", () => two);
    const two: Call = define("two", () => one);
    expect(one(1)).toBe(-1);
    expect(asked).toBe(2);
    await lab.close();
  });
});

describe("a behavior that calls the experiment it belongs to", () => {
  const factorial =
    (call: () => Call): Call =>
    (n) =>
      n <= 1 ? 1 : n * call()(n - 1);
  const factorialLater =
    (call: () => (n: number) => Promise<number>) =>
    async (n: number): Promise<number> =>
      n <= 1 ? 1 : n * (await call()(n - 1));

  it.each(Object.keys(stages))("is answered as in plain code in stage %s", async (stage) => {
    const lab = new Laboratory({ publishers: [] });
    const rollout = rolloutOf(stage, {});
    const call: Call = lab.experiment("x", {
      control: factorial(() => call),
      candidate: factorial(() => call),
      rollout,
    });
    const later: (n: number) => Promise<number> = lab.experiment("later", {
      control: factorialLater(() => later),
      candidate: factorialLater(() => later),
      rollout,
    });
    expect(call(12)).toBe(479_001_600);
    expect(await later(12)).toBe(479_001_600);
    await lab.settled();
    for (const name of ["x", "later"]) {
      expect(lab.status().experiments[name]).toMatchObject({ mismatched: 0, timedOut: 0, inFlight: 0, faults: {} });
    }
    await lab.close();
  });

  it.each(["shadow", "ramp", "live"])("for ever ends at control's first answer in stage %s", async (stage) => {
    const lab = new Laboratory({ publishers: [] });
    const call: Call = lab.experiment("x", {
      control: (n) => n,
      candidate: (n) => call(n) + 1,
      key: () => "key",
      rollout: rolloutOf(stage, {}),
    });
    expect(call(1)).toBe(stages[stage]!.share > 0 ? 2 : 1);
    await lab.close();
  });
});
