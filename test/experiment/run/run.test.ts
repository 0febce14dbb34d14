import { beforeEach, describe, expect, it } from "vitest";
import { currentRun } from "../../../src/experiment/runtime/current-run.ts";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { ExperimentStatus } from "../../../src/experiment/status/status.ts";
import type { Result } from "../../../src/model/result.ts";
import { LatencyHistogram } from "../../../src/stats/histogram.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { held, turn } from "../../proof/held.ts";

interface Data {
  id: number;
}

let lab: Laboratory;
let clock: FixedClock;
let results: Result[];
let drawn: number[];

beforeEach(() => {
  clock = fixedClock();
  // So that no stamp is nothing by chance.
  clock.advance(1_000);
  // Of this laboratory alone, whatever others tell late.
  const seen: Result[] = [];
  results = seen;
  drawn = [];
  lab = new Laboratory({
    clock,
    random: () => drawn.shift() ?? 0.5,
    publishers: [{ name: "all", publish: (result) => void seen.push(result) }],
  });
});

const status = (): ExperimentStatus => lab.status().experiments["run"]!;

/** What came of everything so far. */
async function told(): Promise<readonly Result[]> {
  await lab.settled();
  await lab.flush();
  return results;
}

const evidenceOf = (result: Result): string[] => [result.control, ...result.candidates].map(({ evidence }) => evidence);

describe("evidence", () => {
  it("is not copied where both sides answer at once and alike", async () => {
    lab.experiment("run", { control: () => ({ id: 1 }), candidate: () => ({ id: 1 }) })();
    expect(evidenceOf((await told())[0]!)).toEqual(["live", "live"]);
    expect(status().cost.capturedBytes).toBe(0);
  });

  it("is not copied where control answers last, and alike", async () => {
    const late = held<Data>();
    const run = lab.experiment("run", { control: () => late.promise, candidate: () => Promise.resolve(1 as never) });
    const answer = run();
    await turn();
    late.resolve(1 as unknown as Data);
    await answer;
    expect(evidenceOf((await told())[0]!)).toEqual(["live", "live"]);
  });

  it("is copied before it can be changed, where both sides answer at once and differ", async () => {
    const given: Data[] = [];
    const give = (id: number) => (): Data => {
      given.push({ id });
      return given.at(-1)!;
    };
    lab.experiment("run", { control: give(1), candidate: give(2) })();
    for (const each of given) each.id = 7;
    const [result] = await told();
    expect(result).toMatchObject({
      control: { evidence: "captured", outcome: { value: { id: 1 } } },
      candidates: [{ evidence: "captured", outcome: { value: { id: 2 } } }],
    });
  });

  it.each([["all"], ["mismatch"]] as const)(
    "of a synchronous control is copied where the candidate takes its time, and %s results are wanted",
    async (wanted) => {
      lab = new Laboratory({
        clock,
        publishers: [
          {
            name: "some",
            ...(wanted === "mismatch" && { kinds: ["mismatch"] }),
            publish: (result) => void results.push(result),
          },
        ],
      });
      const late = held<Data>();
      const run = lab.experiment("run", {
        control: (): Data => ({ id: 1 }),
        candidate: () => late.promise as unknown as Data,
      });
      run().id = 7;
      late.resolve({ id: 2 });
      const [result] = await told();
      expect(result!.control).toMatchObject({ evidence: "captured", outcome: { value: { id: 1 } } });
    },
  );

  it("that is too much to copy is compared as it is by then, and costs nothing", async () => {
    const late = held<readonly number[]>();
    const run = lab.experiment("run", {
      control: async (): Promise<readonly number[]> => [1, 2, 3],
      candidate: () => late.promise,
      capture: { nodes: 2 },
    });
    const answer = await run();
    late.resolve([1, 2, 3]);
    const [result] = await told();
    expect(result!.control).toMatchObject({ evidence: "live", outcome: { value: answer } });
    expect((result!.control.outcome as { value?: unknown }).value).toBe(answer);
    expect(status().cost.capturedBytes).toBe(0);
  });

  it("that takes longer to copy than a caller should wait is compared as it is by then", async () => {
    const late = held<readonly object[]>();
    const slow = (): object => ({
      get id() {
        for (const until = performance.now() + 0.2; performance.now() < until;);
        return 1;
      },
    });
    for (const [callerMs, evidence] of [
      [2, "live"],
      [60_000, "captured"],
    ] as const) {
      const answer = Array.from({ length: 500 }, slow);
      const run = lab.experiment("run", {
        control: async (): Promise<readonly object[]> => answer,
        candidate: () => late.promise,
        limits: { callerMs },
        compare: { limits: { timeMs: 60_000 } },
        replace: true,
      });
      await run();
      late.resolve([{ id: 1 }]);
      const result = (await told()).at(-1)!;
      expect(result).toMatchObject({ kind: "mismatch", control: { evidence } });
    }
    expect(() => lab.experiment("other", { control: () => 1, candidate: () => 1, limits: { callerMs: -1 } })).toThrow(
      "`limits.callerMs` to be a number of at least 0",
    );
  });

  it("of a candidate is copied while others are awaited", async () => {
    const late = held<number>();
    const early: Data = { id: 1 };
    const run = lab.experiment("run", {
      control: async (): Promise<unknown> => late.promise,
      candidates: { early: async () => early, second: async () => late.promise },
      compare: {},
    });
    const answer = run();
    await turn();
    early.id = 7;
    late.resolve(2);
    await answer;
    const [result] = await told();
    expect(result!.candidates).toMatchObject([
      { evidence: "captured", outcome: { value: { id: 1 } } },
      { evidence: "live", outcome: { value: 2 } },
    ]);
  });

  it("of a candidate that matches is not copied for another's mismatch", async () => {
    lab.experiment("run", {
      control: (): Data => ({ id: 1 }),
      candidates: { other: (): Data => ({ id: 2 }), same: (): Data => ({ id: 1 }) },
    })();
    const [result] = await told();
    expect(result!.candidates.map(({ name, evidence }) => [name, evidence])).toEqual([
      ["other", "captured"],
      ["same", "live"],
    ]);
  });

  it("of a lazy thenable is not looked at", async () => {
    const late = held<Data>();
    const read: PropertyKey[] = [];
    const query = new Proxy(
      { then: () => undefined, sql: "select 1" },
      { get: (target, key, self) => (read.push(key), Reflect.get(target, key, self) as unknown) },
    );
    const run = lab.experiment("run", {
      control: () => query as unknown as Promise<Data>,
      candidate: () => late.promise,
    });
    expect(run()).toBe(query);
    late.resolve({ id: 1 });
    const [result] = await told();
    expect(result).toMatchObject({ kind: "inconclusive", control: { evidence: "live" } });
    expect(read).toEqual(["then"]);
    expect(status().cost.capturedBytes).toBe(0);
  });
});

describe("two outcomes", () => {
  const fail = (message: string) => (): undefined => {
    throw new Error(message);
  };
  const nothing = (): undefined => undefined;

  it.each([
    ["control throws and the candidate gives nothing", fail("a"), nothing],
    ["the candidate throws and control gives nothing", nothing, fail("a")],
    ["both throw, and differ", fail("a"), fail("b")],
  ])("are no match where %s", async (_, control, candidate) => {
    const run = lab.experiment("run", { control, candidate });
    try {
      run();
    } catch {
      // As control does.
    }
    const asynchronous = lab.experiment("asynchronous", {
      control: async () => control(),
      candidate: async () => candidate(),
    });
    await asynchronous().catch(() => undefined);
    expect((await told()).map(({ kind }) => kind)).toEqual(["mismatch", "mismatch"]);
  });

  it("that differ are compared off the caller's path", async () => {
    const order: string[] = [];
    const normalize = (value: unknown): unknown => (order.push("compared"), value);
    const run = lab.experiment("run", { control: () => 1, candidate: () => 2, compare: { normalize } });
    run();
    order.push("served");
    await told();
    expect(order).toEqual(["served", "compared", "compared"]);
  });
});

describe("durations", () => {
  it.each([
    [30, 5],
    [5, 30],
  ])("are each side's own: control takes %d ms and the candidate %d", async (controlMs, candidateMs) => {
    const run = lab.experiment("run", {
      control: () => clock.advance(controlMs),
      candidate: () => clock.advance(candidateMs),
    });
    run();
    const [result] = await told();
    expect(result!.control).toMatchObject({ durationMs: controlMs, offsetMs: 0 });
    expect(result!.candidates[0]).toMatchObject({ durationMs: candidateMs, offsetMs: controlMs });
    expect(status().cost.meanPathMs).toBe(candidateMs);
    const { control, candidate } = status().candidates["candidate"]!.tally;
    expect([control, candidate].map((data) => Math.round(LatencyHistogram.from(data).quantile(0.5)))).toEqual([
      controlMs,
      candidateMs,
    ]);
  });

  it("count nothing as waited for where the candidate is deferred", async () => {
    const run = lab.experiment("run", {
      control: async () => clock.advance(3),
      candidate: async () => clock.advance(4),
      order: "deferred",
    });
    await run();
    await told();
    expect(status()).toMatchObject({ matched: 1, cost: { meanPathMs: 0 } });
  });

  it("of a candidate leave out the copying of its arguments", async () => {
    const run = lab.experiment("run", {
      control: (argument: { readonly slow: number }) => typeof argument,
      candidate: (argument) => (clock.advance(4), typeof argument),
      checkArguments: 1,
    });
    run({
      get slow() {
        clock.advance(7);
        return 1;
      },
    });
    expect((await told())[0]!.candidates[0]).toMatchObject({ durationMs: 4, argumentsMutated: false });
  });

  it("say after how long a candidate was given up", async () => {
    const run = lab.experiment("run", {
      control: async () => 1,
      candidate: () => new Promise<number>(() => undefined),
      limits: { timeoutMs: 250 },
    });
    await run();
    clock.advance(250);
    expect((await told())[0]!.candidates[0].outcome).toEqual({ kind: "timed-out", afterMs: 250 });
  });

  it("and errors are counted for each side", async () => {
    const fail = (): number => {
      throw new Error("no");
    };
    const run = lab.experiment("run", {
      control: (who: string) => (who === "control" ? fail() : 1),
      candidate: (who) => (who === "candidate" ? fail() : 1),
    });
    expect(() => run("control")).toThrow("no");
    expect(() => run("control")).toThrow("no");
    run("candidate");
    await told();
    expect(status().candidates["candidate"]!.tally).toMatchObject({ controlErrors: 2, candidateErrors: 1 });
  });

  it("and errors of control are counted where the candidate throws the same", async () => {
    const fail = (): never => {
      throw new Error("no");
    };
    const run = lab.experiment("run", { control: fail, candidate: fail });
    for (let time = 0; time < 3; time++) expect(run).toThrow("no");
    await told();
    expect(status().candidates["candidate"]!.tally).toMatchObject({
      kinds: { match: 3 },
      controlErrors: 3,
      candidateErrors: 0,
    });
  });
});

describe("arguments that are looked at", () => {
  it("are drawn by chance, and all of them without", () => {
    const mutating = {
      control: (data: Data): number => (data.id === 1 ? 1 : 2),
      candidate: (data: Data) => ((data.id = 2), 1),
    };
    const half = lab.experiment("half", { ...mutating, checkArguments: 0.5 });
    drawn = [0.5, 0.49];
    half({ id: 1 });
    half({ id: 1 });
    expect(lab.status().experiments["half"]!.argumentsMutated).toBe(1);
    drawn = [0.99];
    lab.experiment("run", { ...mutating, checkArguments: 1 })({ id: 1 });
    expect(status().argumentsMutated).toBe(1);
    expect(drawn).toEqual([0.99]);
  });

  it("are not judged where they are too much to be copied", async () => {
    const run = lab.experiment("run", {
      control: (data: number[]) => data.length,
      candidate: (data) => data.length,
      checkArguments: 1,
    });
    run(Array.from({ length: 20_000 }, () => 0));
    const [result] = await told();
    expect(result!.kind).toBe("match");
    expect("argumentsMutated" in result!.candidates[0]).toBe(false);
  });
});

describe("control", () => {
  it.each([["all"], ["mismatch"]])("is in nobody's context where %s results are wanted", async (wanted) => {
    lab = new Laboratory({
      publishers: [
        { name: "some", ...(wanted === "mismatch" && { kinds: ["mismatch" as const] }), publish: () => undefined },
      ],
    });
    const seen: unknown[] = [];
    const look = async (): Promise<void> => {
      await Promise.resolve();
      seen.push(currentRun()?.role);
    };
    lab.experiment("run", { control: () => void look(), candidate: () => undefined })();
    await lab.experiment("asynchronous", { control: look, candidate: async () => undefined })();
    await turn();
    expect(seen).toEqual([undefined, undefined]);
  });
});

describe("a candidate in its place", () => {
  const streams = { stream: true, compare: {} } as const;
  const numbers = async function* (): AsyncGenerator<number> {
    for (let number = 0; number < 20; number++) yield number;
  };

  async function read(stream: AsyncIterator<unknown>): Promise<void> {
    while (!(await stream.next()).done);
  }

  it("has one slot while its stream is read, whenever it returned that", async () => {
    const given = held<unknown>();
    const run = lab.experiment("run", { control: numbers, candidate: () => given.promise as never, ...streams });
    const stream = run();
    expect(status().candidatesInFlight).toBe(1);
    given.resolve(numbers());
    await turn();
    expect(status().candidatesInFlight).toBe(1);
    await read(stream);
    const [result] = await told();
    expect(status()).toMatchObject({ matched: 1, candidatesInFlight: 0 });
    expect(evidenceOf(result!)).toEqual(["captured", "captured"]);
    expect(status().cost.capturedBytes).toBe(2 * 20 * 16);
  });

  it("may give something else than control's stream, which is then its answer", async () => {
    const run = lab.experiment("run", { control: numbers, candidate: () => 7 as never, ...streams });
    await read(run());
    const [result] = await told();
    expect(result!.candidates[0]).toMatchObject({
      outcome: { kind: "returned", value: 7 },
      comparison: { kind: "mismatch" },
    });
  });

  it("whose stream is too long is inconclusive, and its items are left out", async () => {
    const endless = async function* (): AsyncGenerator<number> {
      for (;;) yield 1;
    };
    const run = lab.experiment("run", { control: numbers, candidate: endless, compare: {}, stream: { maxItems: 25 } });
    await read(run());
    const [result] = await told();
    expect(result!.candidates[0]).toMatchObject({
      evidence: "omitted",
      outcome: { kind: "returned", value: undefined },
      comparison: { kind: "inconclusive", reason: "a stream has more than 25 items" },
    });
  });

  it("whose stream hangs has timed out after its time", async () => {
    const hangs = async function* (): AsyncGenerator<number> {
      await new Promise(() => undefined);
      yield 1;
    };
    const run = lab.experiment("run", { control: numbers, candidate: hangs, ...streams, limits: { timeoutMs: 250 } });
    await read(run());
    clock.advance(250);
    expect((await told())[0]!.candidates[0].outcome).toEqual({ kind: "timed-out", afterMs: 250 });
  });

  it("leaves control's lost stream out", async () => {
    const run = lab.experiment("run", { control: numbers, candidate: numbers, ...streams });
    await run().return(undefined);
    expect((await told())[0]).toMatchObject({
      kind: "inconclusive",
      control: { evidence: "omitted", outcome: { kind: "returned", value: undefined } },
    });
  });
});
