import { beforeEach, describe, expect, it } from "vitest";
import { planOf } from "../../../src/experiment/define/compile-experiment.ts";
import type { Services } from "../../../src/experiment/define/services.ts";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import { isFast } from "../../../src/experiment/define/experiment-plan.ts";
import type { ExperimentPlan } from "../../../src/experiment/define/experiment-plan.ts";
import type { CandidateStatus, ExperimentStatus } from "../../../src/experiment/status/status.ts";
import type { UncheckedDefinition } from "../../../src/experiment/define/options.ts";
import type { Result, ResultKind } from "../../../src/model/result.ts";
import { LatencyHistogram } from "../../../src/stats/histogram.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { held, turn } from "../../proof/held.ts";

let lab: Laboratory;
let clock: FixedClock;
let results: Result[];
let drawn: number[];

// Nobody wants to be told of matches, so that a call that matches may leave nothing but counts.
beforeEach(() => {
  clock = fixedClock();
  // Of this laboratory alone, whatever others tell late.
  const seen: Result[] = [];
  results = seen;
  drawn = [];
  lab = new Laboratory({
    clock,
    random: () => drawn.shift() ?? 0.5,
    publishers: [{ name: "mismatches", kinds: ["mismatch"], publish: (result) => void seen.push(result) }],
  });
});

const status = (): ExperimentStatus => lab.status().experiments["fast"]!;
const candidateStatus = (): CandidateStatus => status().candidates["candidate"]!;
const answer = (): { id: number } => ({ id: 1 });

describe.each([
  ["synchronous", <Value>(value: Value): Value => value],
  ["asynchronous", <Value>(value: Value): Promise<Value> => Promise.resolve(value)],
])("a %s call that matches, and of which nobody wants to be told", (_kind, given) => {
  const both = { control: () => given(answer()), candidate: () => given(answer()) };

  it("still has the candidate called with what `prepare` returns", async () => {
    const seen: unknown[] = [];
    const run = lab.experiment("fast", {
      control: (id: number) => given({ id }),
      prepare: (id) => [id, "prepared"],
      candidate: (...args: unknown[]) => (seen.push(args), given({ id: 1 })),
    });
    await run(1);
    await lab.settled();
    expect(seen).toEqual([[1, "prepared"]]);
    expect(status().matched).toBe(1);
  });

  it("still has its hooks called", async () => {
    const seen: string[] = [];
    const run = lab.experiment("fast", {
      ...both,
      key: () => (seen.push("key"), "a"),
      context: () => (seen.push("context"), {}),
      beforeRun: () => void seen.push("beforeRun"),
      afterRun: ({ kind }) => void seen.push(`afterRun ${kind}`),
    });
    await run();
    await lab.settled();
    await lab.flush();
    expect(seen).toEqual(["key", "context", "beforeRun", "afterRun match"]);
  });

  it.each([
    ["key", { key: () => "a" }],
    ["context", { context: () => ({ cart: 1 }) }],
    ["beforeRun", { beforeRun: () => void drawn.push(7) }],
    ["afterRun", { afterRun: () => void drawn.push(7) }],
    ["prepare", { prepare: () => (drawn.push(7), [] as []) }],
  ])("is not fast with `%s` alone", async (hook, definition) => {
    const run = lab.experiment("fast", { ...both, candidate: () => given({ id: 2 }), ...definition });
    await run();
    await lab.settled();
    await lab.flush();
    expect(status().mismatched).toBe(1);
    if (hook === "context") expect(results[0]!.context).toEqual({ cart: 1 });
    else if (hook === "key") expect(drawn).toEqual([]);
    else expect(drawn).toEqual([7]);
  });

  it("still runs in the order that chance says", async () => {
    const order: string[] = [];
    const run = lab.experiment("fast", {
      control: () => (order.push("control"), given(answer())),
      candidate: () => (order.push("candidate"), given(answer())),
      order: "random",
    });
    drawn = [0.49, 0.5];
    await run();
    await run();
    await lab.settled();
    expect(order).toEqual(["candidate", "control", "control", "candidate"]);
    expect(status().matched).toBe(2);
  });

  it("is still compared by the experiment's own function", async () => {
    const seen: unknown[] = [];
    const run = lab.experiment("fast", { ...both, compare: (one, other) => (seen.push([one, other]), true) });
    await run();
    await lab.settled();
    await lab.flush();
    expect(seen).toEqual([[answer(), answer()]]);
  });

  it("still has a candidate found out that changes its arguments", async () => {
    const run = lab.experiment("fast", {
      control: ({ seen }: { seen: boolean }) => given({ id: seen ? 2 : 1 }),
      candidate: (argument) => ((argument.seen = true), given(answer())),
      checkArguments: 1,
    });
    await run({ seen: false });
    await lab.settled();
    expect(status().argumentsMutated).toBe(1);
  });

  it("still has the candidate called later where it is deferred", async () => {
    const order: string[] = [];
    const run = lab.experiment("fast", {
      control: () => given(answer()),
      candidate: () => (order.push("candidate"), given(answer())),
      order: "deferred",
    });
    await run();
    order.push("caller");
    await turn();
    await lab.settled();
    expect(order).toEqual(["caller", "candidate"]);
  });

  it("still throws a mismatch where a test suite asks for that", async () => {
    lab = new Laboratory({ throwOnMismatch: true });
    const run = lab.experiment("fast", { control: () => given<number>(1), candidate: () => given<number>(2) });
    await expect((async () => run())()).rejects.toMatchObject({ name: "MismatchError" });
  });

  it("still tells a rollout, and is served by it", async () => {
    const run = lab.experiment("fast", {
      control: () => given<string>("control"),
      candidate: () => given<string>("candidate"),
      rollout: "live",
    });
    expect(await run()).toBe("candidate");
    await lab.settled();
    expect(status().served).toBe(1);
  });

  it("leaves how long both sides took, whichever ends first", async () => {
    for (const [controlMs, candidateMs] of [
      [30, 5],
      [5, 30],
    ] as const) {
      const run = lab.experiment("fast", {
        control: () => takes(controlMs, answer()),
        candidate: () => takes(candidateMs, answer()),
        replace: true,
      });
      const caller = run();
      await passTime(40);
      await caller;
      await lab.settled();
      expect(candidateStatus()).toMatchObject({ started: 1, matched: 1, breaker: "closed" });
      expect(medians()).toEqual({ controlMs, candidateMs });
    }
  });

  it("leaves how long its caller waited for the candidate's synchronous part", async () => {
    const run = lab.experiment("fast", {
      control: () => (clock.advance(30), given(answer())),
      candidate: () => (clock.advance(4), given(answer())),
    });
    await run();
    await run();
    await lab.settled();
    expect(status().matched).toBe(2);
    expect(status().cost.meanPathMs).toBe(4);
  });

  /** Gives a value when so much time has passed: at once where calls are synchronous, as the clock is moved on then. */
  function takes<Value>(durationMs: number, value: Value): Value | Promise<Value> {
    if (!(given(value) instanceof Promise)) {
      clock.advance(durationMs);
      return value;
    }
    return new Promise((resolve) => clock.after(durationMs, () => resolve(value)));
  }
});

describe("a synchronous call", () => {
  it("that control ends by throwing is told, with how long it took", async () => {
    const error = new Error("no");
    const run = lab.experiment("fast", {
      control: (): number => {
        clock.advance(3);
        throw error;
      },
      candidate: () => (clock.advance(4), 1),
    });
    expect(run).toThrow(error);
    await lab.flush();
    expect(results).toMatchObject([
      {
        kind: "mismatch",
        control: { outcome: { kind: "threw", error }, durationMs: 3, offsetMs: 0 },
        candidates: [{ outcome: { kind: "returned", value: 1 }, durationMs: 4, offsetMs: 3 }],
      },
    ]);
  });

  it.each([
    ["throwing", { kind: "threw", error: "no" }],
    ["another answer", { kind: "returned", value: 2 }],
    ["a promise of another answer", { kind: "returned", value: 2 }],
  ] as const)("that a candidate ends by %s is told, with how long it took", async (how, outcome) => {
    const run = lab.experiment("fast", {
      control: () => (clock.advance(3), 1),
      candidate: () => {
        clock.advance(4);
        if (how === "throwing") throw "no";
        return (how === "another answer" ? 2 : Promise.resolve(2)) as number;
      },
    });
    expect(run()).toBe(1);
    await lab.settled();
    await lab.flush();
    expect(results).toMatchObject([
      {
        kind: "mismatch",
        control: { outcome: { kind: "returned", value: 1 }, durationMs: 3, syncMs: 3, offsetMs: 0 },
        candidates: [{ outcome, durationMs: 4, syncMs: 4, offsetMs: 3 }],
      },
    ]);
    expect(status().cost.meanPathMs).toBe(4);
    expect(candidateStatus()).toMatchObject({ started: 1, mismatched: 1 });
  });

  it("whose streams are compared leaves them to its caller", async () => {
    const numbers = function* (): Generator<number> {
      yield 1;
      yield 2;
    };
    const run = lab.experiment("fast", { control: numbers, candidate: numbers, stream: true });
    expect([...run()]).toEqual([1, 2]);
    await lab.settled();
    expect(status().matched).toBe(1);
  });
});

describe("calls are fast", () => {
  const sides = { control: () => 1, candidate: () => 1 };
  const plan = (options: object, definition: object = {}): ExperimentPlan =>
    planOf(
      "fast",
      { ...sides, ...definition } as UncheckedDefinition,
      {
        clock,
        throwing: undefined,
        labels: {},
        ...options,
      } as unknown as Services,
    );
  const isLeanWith = (options: { throwing?: unknown }, definition: object = {}): boolean => {
    const planned = plan(options, definition);
    return isFast(planned, planned.hooks);
  };

  it.each([{}, { sample: 0.5 }, { limits: { timeoutMs: 1 } }, { clean: () => 1 }, { compare: { tolerance: 1 } }])(
    "with %j",
    (definition) => {
      expect(isLeanWith({}, definition)).toBe(true);
    },
  );

  it.each([
    [{ stream: true }],
    [{ isolate: true }],
    [{ order: "random" }],
    [{ order: "deferred" }],
    [{ checkArguments: 0.1 }],
    [{ compare: () => true }],
    [{ afterRun: () => undefined }],
    [{ beforeRun: () => undefined }],
    [{ key: () => "a" }],
    [{ prepare: () => [] }],
    [{ context: {} }],
    [{ candidate: undefined, candidates: { one: () => 1, two: () => 1 } }],
  ])("but not with %o", (definition) => {
    expect(isLeanWith({}, definition)).toBe(false);
  });

  it("but not where a caller gets mismatches thrown", () => {
    expect(isLeanWith({ throwing: undefined })).toBe(true);
    expect(isLeanWith({ throwing: { kinds: new Set(["mismatch"]), error: () => new Error("mismatch") } })).toBe(false);
  });

  it("but not while the candidate is paused", () => {
    const planned = plan({});
    for (let failures = 0; failures < 20; failures++) planned.hooks.candidates[0].breaker.failed(0);
    expect(isFast(planned, planned.hooks)).toBe(false);
  });
});

async function passTime(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed++) {
    clock.advance(1);
    await turn();
  }
}

/** To the millisecond, of the last call. */
function medians(): { controlMs: number; candidateMs: number } {
  const { control, candidate } = candidateStatus().tally;
  const median = (data: unknown): number => Math.round(LatencyHistogram.from(data).quantile(0.5));
  return { controlMs: median(control), candidateMs: median(candidate) };
}

describe("a timed call whose candidate is called first, of sides that may answer at once", () => {
  // Of the first 500, none has its order drawn; of the rest, one in 32 comes to have the candidate first.
  const untilDrawn = 1_500;
  type Side = () => unknown;
  const thenable = (value: unknown): PromiseLike<unknown> => ({
    then: (fulfilled) => Promise.resolve(fulfilled!(value) as never),
  });
  const throws: Side = () => {
    throw "no";
  };
  const sides: readonly (readonly [string, Side, Side, ResultKind])[] = [
    ["give the same", () => answer(), () => answer(), "match"],
    ["give something else", () => answer(), () => ({ id: 2 }), "mismatch"],
    ["give nothing", () => undefined, () => undefined, "match"],
    ["throw, the candidate alone", () => 1, throws, "mismatch"],
    ["throw, control alone", throws, () => 1, "mismatch"],
    ["throw, both", throws, throws, "match"],
    ["give the same, the candidate later", () => 1, () => Promise.resolve(1), "match"],
    ["give something else, the candidate later", () => 1, () => Promise.resolve(2), "mismatch"],
    ["give the same, control later", () => Promise.resolve(1), () => 1, "match"],
    ["give the same, both later", () => Promise.resolve(1), () => Promise.resolve(1), "match"],
    ["give the same, the candidate by a thenable", () => 1, () => thenable(1), "match"],
    ["reject, the candidate alone", () => Promise.resolve(1), () => Promise.reject(new Error("no")), "mismatch"],
  ];

  it.each(sides)("and %s: comes to what it does in the usual order", async (_, control, candidate, kind) => {
    const called: string[] = [];
    const run = lab.experiment("fast", {
      control: () => {
        called.push("control");
        clock.advance(0.25);
        return control();
      },
      candidate: () => {
        called.push("candidate");
        clock.advance(0.5);
        return candidate();
      },
      limits: { breakAfter: Infinity },
    });
    for (let call = 0; call < untilDrawn; call++) {
      let outcome: unknown;
      try {
        outcome = await run();
      } catch (error) {
        outcome = error;
      }
      expect(outcome).toEqual(control === throws ? "no" : await control());
      if (call % 100 === 0) await lab.flush();
    }
    await lab.flush();
    const firsts = called.filter((_each, index) => index % 2 === 0).filter((side) => side === "candidate").length;
    expect(firsts).toBeGreaterThan(15);
    expect(firsts).toBeLessThan(90);
    const { calls, inFlight, matched, mismatched, candidates } = lab.status().experiments["fast"]!;
    expect({ calls, inFlight }).toEqual({ calls: untilDrawn, inFlight: 0 });
    expect({ matched, mismatched }).toEqual({
      matched: kind === "match" ? untilDrawn : 0,
      mismatched: kind === "match" ? 0 : untilDrawn,
    });
    expect(candidates["candidate"]).toMatchObject({ started: untilDrawn });
    const stamps = ({ control, candidates: [candidate] }: Result): string =>
      [control.offsetMs, control.syncMs, candidate.offsetMs, candidate.syncMs].join(" ");
    if (kind === "mismatch")
      expect([...new Set(results.map(stamps))].sort()).toEqual(["0 0.25 0.25 0.5", "0.5 0.25 0 0.5"]);
  });

  it("counts what its caller waits for beyond control's own time", async () => {
    const run = lab.experiment("fast", {
      control: () => (clock.advance(1), answer()),
      candidate: () => (clock.advance(0.5), answer()),
    });
    for (let call = 0; call < untilDrawn; call++) run();
    await lab.settled();
    expect(status().cost.meanPathMs).toBeCloseTo(0.5, 9);
  });

  it("counts the same where the candidate throws", async () => {
    const run = lab.experiment("fast", {
      control: () => (clock.advance(1), 1),
      candidate: (): number => {
        clock.advance(0.5);
        throw new Error("no");
      },
      limits: { breakAfter: Infinity },
    });
    for (let call = 0; call < untilDrawn; call++) run();
    await lab.settled();
    expect(status().cost.meanPathMs).toBeCloseTo(0.5, 9);
  });

  it("looks for keys that are symbols on both sides", async () => {
    const marked = { id: 1, [Symbol.for("mark")]: 1 };
    const run = lab.experiment("fast", {
      control: (): object => ({ ...marked }),
      candidate: (): object => ({ id: 1 }),
    });
    for (let call = 0; call < untilDrawn; call++) run();
    await lab.settled();
    await lab.flush();
    expect(status()).toMatchObject({ matched: 0, mismatched: untilDrawn });
  });

  it("waits for one promise that both sides return", async () => {
    const late = held<number>();
    let answer: unknown = 1;
    const both = (): unknown => answer;
    const run = lab.experiment("fast", { control: both, candidate: both, limits: { maxInFlight: 500 } });
    for (let call = 0; call < untilDrawn; call++) run();
    answer = late.promise;
    const answers = Array.from({ length: 500 }, () => run());
    expect(answers[0]).toBeInstanceOf(Promise);
    expect(status()).toMatchObject({ matched: untilDrawn, inFlight: 500 });
    late.resolve(1);
    await Promise.all(answers);
    await lab.settled();
    expect(status()).toMatchObject({ matched: untilDrawn + 500, inFlight: 0 });
  });

  it("returns the value of control, though the candidate is an async function", async () => {
    const run = lab.experiment("fast", { control: (): unknown => 1, candidate: async () => 1 });
    for (let call = 0; call < untilDrawn; call++) {
      expect(run()).toBe(1);
      if (call % 50 === 0) await lab.settled();
    }
    await lab.settled();
    expect(status()).toMatchObject({ matched: untilDrawn, inFlight: 0 });
  });
});
