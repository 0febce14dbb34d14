import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { LaboratoryStatus } from "../../../src/experiment/status/status.ts";
import type { Result, ResultKind } from "../../../src/model/result.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";
import { seededRandom } from "../../../src/testing/seeded-random.ts";
import { held, turn, type Held } from "../../proof/held.ts";
import { cases } from "../../cases.ts";
import { collectGarbage } from "../../collect-garbage.ts";

const butMatches: ResultKind[] = ["mismatch", "ignored", "inconclusive", "timed-out"];
const timeoutMs = 50;

/** What a behavior does when it is called, and what comes of its promise. */
type Call = "promises" | "throws" | "answers" | "gives a thenable";
type Step = "control returns" | "control rejects" | "candidate returns" | "candidate rejects" | "10 ms" | "60 ms";

interface Story {
  readonly fast?: boolean;
  readonly kinds?: ResultKind[];
  readonly candidate: Call;
  readonly values: readonly [unknown, unknown];
  readonly steps: readonly Step[];
  readonly ignored: boolean;
}

/** Two equal objects, two that differ, two that differ in a key that is a symbol, and what cannot be copied. */
const key = Symbol("key");
const values = fc.constantFrom<() => readonly [unknown, unknown]>(
  () => [
    { id: 1, tags: ["a"] },
    { id: 1, tags: ["a"] },
  ],
  () => [{ id: 1 }, { id: 2 }],
  () => [{ [key]: 1 }, { [key]: 1 }],
  () => [{ [key]: 1 }, { [key]: 2 }],
  () => [{ id: 1 }, { id: 1, [key]: 2 }],
  () => [new Map([[1, {}]]), new Map([[1, {}]])],
  () => [7, 7],
  () => [undefined, null],
  () => [new WeakMap(), new WeakMap()],
);
const steps = fc.shuffledSubarray<Step>(
  ["control returns", "control rejects", "candidate returns", "candidate rejects", "10 ms", "60 ms"],
  { minLength: 2 },
);

const [same, different] = [(): [number, number] => [1, 1], (): [number, number] => [1, 2]];
/** One of each thing that ends a fast call otherwise than by a match. */
const notable: [Call, () => readonly [unknown, unknown], Step[], boolean][] = [
  ["promises", different, ["candidate returns", "10 ms", "control returns"], false],
  ["promises", different, ["control returns", "10 ms", "candidate returns"], true],
  ["promises", same, ["control rejects", "10 ms", "candidate returns"], false],
  ["promises", same, ["candidate returns", "10 ms", "control rejects"], false],
  ["promises", same, ["candidate rejects", "10 ms", "control returns"], false],
  ["promises", same, ["control returns", "10 ms", "candidate rejects"], false],
  ["promises", same, ["candidate rejects", "10 ms", "control rejects"], false],
  ["promises", same, ["control returns", "60 ms", "10 ms"], false],
  ["promises", same, ["60 ms", "control returns", "candidate returns"], false],
  ["promises", same, ["60 ms", "candidate rejects", "control rejects"], false],
  ["throws", same, ["control returns", "10 ms"], false],
  ["throws", same, ["10 ms", "control rejects"], false],
  ["answers", different, ["10 ms", "control returns"], false],
  ["gives a thenable", different, ["candidate returns", "10 ms", "control returns"], false],
];

describe("a call of which nobody wants to know a match", () => {
  // Two laboratories have ids of their own, which is the one thing they may differ in.
  beforeEach(() => void vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation((numbers) => numbers));
  afterEach(() => vi.restoreAllMocks());

  it("comes to the same as one that is awaited does, whatever its two promises do, and when", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Call>("promises", "promises", "promises", "throws", "answers", "gives a thenable"),
        values,
        steps,
        fc.boolean(),
        async (candidate, makeValues, order, ignored) => {
          const [slow, fast, untold] = await Promise.all(
            [{ fast: false }, {}, { kinds: butMatches }].map((how) =>
              tell({ candidate, values: makeValues(), steps: order, ignored, ...how }),
            ),
          );
          expect(fast).toEqual(slow);
          expect(untold).toEqual({ ...slow, results: slow!.results.filter(({ kind }) => kind !== "match") });
        },
      ),
      { numRuns: cases(400), examples: notable },
    );
  });

  it.each(["control", "candidate"] as const)(
    "compares what %s returned as it was when it came, in either order",
    async (first) => {
      for (const how of [{ kinds: butMatches }, {}, { fast: false }]) {
        const { lab, run, sides } = start(how);
        const answer = run();
        const early = { id: 1, parts: [{ id: 2 }] };
        sides[first].resolve(early);
        await turn();
        early.parts[0]!.id = 3;
        sides[first === "control" ? "candidate" : "control"].resolve({ id: 1, parts: [{ id: 2 }] });
        await answer;
        await lab.settled();
        expect(lab.status().experiments["pair"]).toMatchObject({ matched: 1, mismatched: 0 });
      }
    },
  );

  it.each(["control", "candidate"] as const)(
    "has a symbol's key seen that only control has, however it was kept and in either order: %s",
    async (first) => {
      const second = first === "control" ? "candidate" : "control";
      const values = { control: { id: 1, [key]: 1 }, candidate: { id: 1 } };
      for (const capture of [true, false]) {
        // A call that matches leaves its place to the next one.
        for (const [one, other, kind] of [
          [values.candidate, values.candidate, "matched"],
          [values[first], values[second], "mismatched"],
        ] as const) {
          const { lab, run, sides } = start({ kinds: butMatches, capture });
          const answer = run();
          sides[first].resolve(one);
          await turn();
          sides[second].resolve({ ...other });
          await answer;
          await lab.settled();
          expect(lab.status().experiments["pair"]).toMatchObject({ matched: 0, mismatched: 0, [kind]: 1 });
        }
      }
    },
  );

  it.each(["control", "candidate"] as const)("tells how what came first was kept: %s", async (first) => {
    const second = first === "control" ? "candidate" : "control";
    for (const [capture, value, evidence] of [
      [true, { id: 1 }, "captured"],
      [true, 1, "live"],
      [false, { id: 1 }, "live"],
    ] as const) {
      for (const same of [true, false]) {
        const { lab, run, sides, results } = start({ kinds: butMatches, capture });
        const answer = run();
        sides[first].resolve(value);
        await turn();
        sides[second].resolve(same ? value : { id: 2 });
        await answer;
        await lab.settled();
        await lab.flush();
        const kept = first === "control" ? results[0]?.control : results[0]?.candidates[0];
        expect(kept?.evidence).toBe(same ? undefined : evidence);
      }
    }
  });

  it.each([
    ["throws at once", "throws"],
    ["answers at once", "answers"],
    ["answers before control does", "promises"],
  ] as const)("gives back its slot once where the candidate %s, and differs", async (_name, candidate) => {
    const { lab, run, sides } = start({ kinds: butMatches, candidate, value: 2 });
    const answer = run();
    sides.candidate.resolve(2);
    await turn();
    expect(lab.status().candidatesInFlight).toBe(0);
    sides.control.resolve(1);
    await answer;
    await lab.settled();
    const { candidatesInFlight, experiments } = lab.status();
    expect({ candidatesInFlight, ...experiments["pair"] }).toMatchObject({ candidatesInFlight: 0, mismatched: 1 });
  });

  it("returns its caller a promise that goes on one microtask after control's", async () => {
    const { run, sides } = start({ kinds: butMatches });
    const order: string[] = [];
    void sides.control.promise
      .then(() => order.push("control's"))
      .then(() => order.push("one later"))
      .then(() => order.push("two later"));
    void run().then(() => order.push("the caller's"));
    sides.control.resolve(1);
    await turn();
    expect(order).toEqual(["control's", "one later", "the caller's", "two later"]);
    sides.candidate.resolve(1);
  });

  it("tells calls apart that serve each other's places, however many are in flight and in whatever order they end", async () => {
    const lab = new Laboratory();
    const open = new Map<string, Held<unknown>>();
    const later = (side: string) => (id: number) => {
      const promise = held<unknown>();
      open.set(`${side} ${id}`, promise);
      return promise.promise;
    };
    const run = lab.experiment("many", {
      control: later("control"),
      candidate: later("candidate"),
      limits: { maxInFlight: 1_000 },
    });
    const random = seededRandom(5);
    for (let wave = 0; wave < 3; wave++) {
      const ids = Array.from({ length: 300 }, (_, index) => 300 * wave + index);
      const answers = Promise.all(ids.map(run));
      for (const [name, { resolve }] of [...open].sort(() => random() - 0.5)) {
        const id = Number(name.split(" ")[1]);
        // Every tenth candidate is wrong, so that a run takes over.
        resolve({ id: name.startsWith("candidate") && id % 10 === 0 ? -1 : id });
        if (random() < 0.2) await turn();
      }
      open.clear();
      expect(await answers).toEqual(ids.map((id) => ({ id })));
    }
    await lab.settled();
    expect(lab.status().experiments["many"]).toMatchObject({
      started: 900,
      matched: 810,
      mismatched: 90,
      candidatesInFlight: 0,
    });
  });

  it("keeps nothing of a call that is over", async () => {
    const refs: WeakRef<object>[] = [];
    const seen = <Value extends object>(value: Value): Value => {
      refs.push(new WeakRef(value));
      return value;
    };
    await (async () => {
      const lab = new Laboratory();
      const run = lab.experiment("let go", {
        control: async (argument: object) => seen({ argument: typeof argument }),
        candidate: async (argument: object) => seen({ argument: typeof argument }),
        capture: false,
      });
      await run.call(seen({ this: true }), seen({ argument: true }));
      await lab.settled();
      expect(lab.status().experiments["let go"]).toMatchObject({ matched: 1 });
    })();
    expect(refs).toHaveLength(4);
    await turn();
    collectGarbage();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  });

  it("is timed like any other where the candidate is called first", async () => {
    const clock = fixedClock();
    const results: Result[] = [];
    const lab = new Laboratory({
      clock,
      publishers: [{ name: "seen", kinds: butMatches, publish: (result) => void results.push(result) }],
    });
    const called: string[] = [];
    let fails = false;
    const price = lab.experiment("price", {
      control: async () => {
        called.push("control");
        clock.advance(0.25);
        await turn();
        return 1;
      },
      candidate: async () => {
        called.push("candidate");
        clock.advance(0.5);
        if (fails) throw new Error("no");
        await turn();
        return called.length > 6_000 ? 2 : 1;
      },
    });
    for (let call = 0; call < 3_000; call++) expect(await price()).toBe(1);
    const firsts = called.filter((_, index) => index % 2 === 0).filter((side) => side === "candidate").length;
    // Every 16th is timed, once enough is known of the candidate, and half of those in this order.
    expect(firsts).toBeGreaterThan(50);
    expect(firsts).toBeLessThan(150);
    await lab.settled();
    expect(lab.status().experiments["price"]).toMatchObject({
      calls: 3_000,
      started: 3_000,
      matched: 3_000,
      inFlight: 0,
      cost: { meanPathMs: 0.5 },
    });
    for (let call = 0; call < 300; call++) expect(await price()).toBe(1);
    fails = true;
    for (let call = 0; call < 15; call++) expect(await price()).toBe(1);
    await lab.flush();
    const { mismatched, candidates } = lab.status().experiments["price"]!;
    expect(mismatched).toBe(315);
    expect(candidates["candidate"]).toMatchObject({ started: 3_315 });
    const timings = new Set(
      results.map(({ control, candidates: [candidate] }) =>
        [control.offsetMs, control.syncMs, candidate.offsetMs, candidate.syncMs].join(" "),
      ),
    );
    expect([...timings].sort()).toEqual(["0 0.25 0.25 0.5", "0.5 0.25 0 0.5"]);
    await lab.close();
  });
});

interface Started {
  readonly lab: Laboratory;
  readonly clock: FixedClock;
  readonly results: Result[];
  readonly run: () => Promise<unknown>;
  readonly sides: Readonly<Record<"control" | "candidate", Held<unknown>>>;
}

function start(options: {
  fast?: boolean;
  kinds?: ResultKind[];
  candidate?: Call;
  value?: unknown;
  ignored?: boolean;
  capture?: boolean;
}): Started {
  const { fast = true, kinds, candidate = "promises", value, ignored = false, capture = true } = options;
  const clock = fixedClock();
  const results: Result[] = [];
  const lab = new Laboratory({
    clock,
    random: () => 0.5,
    publishers: [{ name: "all", ...(kinds && { kinds }), publish: (result) => void results.push(result) }],
  });
  const sides = { control: held<unknown>(), candidate: held<unknown>() };
  // A candidate that throws at once leaves its promise to nobody.
  void sides.candidate.promise.catch(() => undefined);
  const run = lab.experiment("pair", {
    control: () => sides.control.promise,
    candidate: (): Promise<unknown> => {
      clock.advance(2);
      if (candidate === "throws") throw new Error("at once");
      if (candidate === "answers") return value as Promise<unknown>;
      const { promise } = sides.candidate;
      return candidate === "promises" ? promise : ({ then: promise.then.bind(promise) } as Promise<unknown>);
    },
    knownMismatches: ignored ? [{ name: "any", when: () => true }] : [],
    limits: { timeoutMs, breakAfter: 1 },
    ...(!capture && { capture }),
    ...(!fast && { beforeRun: () => undefined }),
  });
  return { lab, clock, results, run, sides };
}

interface Told {
  readonly seen: unknown[];
  readonly status: unknown;
  readonly later: unknown;
  readonly results: Result[];
}

/** Tells a story, and what the caller, the counters and the publisher have seen of it at each step. */
async function tell(story: Story): Promise<Told> {
  const [controls, candidates] = story.values;
  const { lab, clock, results, run, sides } = start({ ...story, value: candidates });
  const seen: unknown[] = [];
  const caller = run().then(
    (value) => ({ same: value === controls }),
    (error: unknown) => ({ error }),
  );
  void caller.then((answer) => seen.push(answer));
  for (const step of story.steps) {
    if (step === "control returns") sides.control.resolve(controls);
    else if (step === "control rejects") sides.control.reject("control failed");
    else if (step === "candidate returns") sides.candidate.resolve(candidates);
    else if (step === "candidate rejects") sides.candidate.reject("candidate failed");
    else clock.advance(step === "10 ms" ? 10 : 60);
    await turn();
    seen.push(step, counted(lab.status()));
  }
  sides.control.resolve(controls);
  sides.candidate.resolve(candidates);
  await caller;
  await lab.settled();
  await lab.flush();
  const status = counted(lab.status());
  clock.advance(700_000);
  return { seen, status, later: counted(lab.status()), results };
}

function counted({ experiments, candidatesInFlight }: LaboratoryStatus): unknown {
  return { candidatesInFlight, experiments };
}
