import { beforeEach, describe, expect, it } from "vitest";
import { Laboratory } from "../../../src/experiment/laboratory.ts";
import type { Result } from "../../../src/model/result.ts";
import type { Rollout, RolloutEvent, RolloutHost } from "../../../src/model/rollout.ts";
import { fixedClock, type FixedClock } from "../../../src/testing/fixed-clock.ts";

let clock: FixedClock;
let lab: Laboratory;
let results: Result[];
let events: RolloutEvent[];

beforeEach(() => {
  clock = fixedClock();
  const told: Result[] = [];
  results = told;
  events = [];
  lab = new Laboratory({
    clock,
    random: () => 0.5,
    publishers: [
      {
        name: "all",
        publish: (result) => void told.push(result),
        publishEvent: (event) => void events.push(event),
      },
    ],
  });
});

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const differing = { control: (id: number) => ({ id }), candidate: (id: number) => ({ id: -id }) };
const ids = (): unknown[] => results.map(({ control }) => control.outcome.kind === "returned" && control.outcome.value);

describe("results that wait to be compared and told", () => {
  it("are a thousand at most: of one more the oldest is compared, counted, and not told", async () => {
    const run = lab.experiment("many", differing);
    for (let id = 1; id <= 1_000; id++) run(id);
    expect(lab.status().experiments["many"]).toMatchObject({ mismatched: 0, inFlight: 1_000 });
    run(1_001);
    run(1_002);
    expect(lab.status().experiments["many"]).toMatchObject({ started: 1_002, mismatched: 2, inFlight: 1_000 });
    await lab.settled();
    await lab.flush();
    expect(ids().slice(0, 2)).toEqual([{ id: 3 }, { id: 4 }]);
    expect(results.length).toBe(1_000);
    const { accepted, published, dropped } = lab.status().publishers["all"]!;
    expect({ accepted, published, dropped }).toMatchObject({
      accepted: 1_002,
      published: 1_000,
      dropped: { "queue-full": 2 },
    });
  });

  it("are compared for 10 ms in a turn of the event loop, in their order, and go on in the next one", async () => {
    const seen: unknown[] = [];
    const run = lab.experiment("slow", {
      ...differing,
      afterRun: (result) => {
        seen.push(result.kind);
        // Twice this is not more than 10 ms yet.
        clock.advance(5);
      },
    });
    for (let id = 1; id <= 7; id++) run(id);
    const perTurn: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      await immediate();
      perTurn.push(seen.length);
    }
    expect(perTurn).toEqual([3, 6, 7, 7]);
    await lab.flush();
    expect(ids()).toEqual([1, 2, 3, 4, 5, 6, 7].map((id) => ({ id })));
  });

  it("have ids of one laboratory's own, that count up", async () => {
    const run = lab.experiment("numbered", differing);
    run(1);
    run(2);
    await lab.settled();
    await lab.flush();
    const prefix = (0.5 * 2 ** 42).toString(36);
    expect(results.map(({ id }) => id)).toEqual([`${prefix}-1`, `${prefix}-2`]);
  });

  it("are waited for by `settled()`, as are calls that nobody wants to be told of", async () => {
    const quiet = new Laboratory();
    let answer: (value: number) => void = () => undefined;
    const run = quiet.experiment("quiet", {
      control: async () => Promise.resolve(1),
      candidate: () => new Promise<number>((resolve) => (answer = resolve)),
    });
    await run();
    let settled = false;
    const settling = quiet.settled().then(() => (settled = true));
    for (let turn = 0; turn < 5; turn++) await immediate();
    expect(settled).toBe(false);
    answer(1);
    await settling;
    expect(quiet.status().experiments["quiet"]).toMatchObject({ matched: 1, inFlight: 0 });
  });
});

describe("`onNewMismatch`", () => {
  it("is called with the result of the first mismatch of its kind, which is kept as an example", async () => {
    const told: Result[] = [];
    const run = lab.experiment("new", { ...differing, onNewMismatch: (result) => void told.push(result) });
    run(1);
    run(2);
    await lab.settled();
    await lab.flush();
    expect(told).toEqual([results[0]]);
    const [group] = lab.status().experiments["new"]!.groups;
    // Drawn, and with values hidden: a group outlives its results, and a page with it is soon shown to many.
    expect(group).toMatchObject({ count: 2, first: { v: 1, id: results[0]!.id, kind: "mismatch" } });
    expect(group!.first.control.outcome).not.toHaveProperty("value");
  });

  it("that throws is a fault of its own name", async () => {
    lab.experiment("new", {
      ...differing,
      onNewMismatch: () => {
        throw new Error("no");
      },
    })(1);
    await lab.settled();
    expect(lab.status().experiments["new"]!.faults).toEqual({ onNewMismatch: 1 });
  });
});

describe("what happens to a rollout", () => {
  it("is told to publishers", async () => {
    let host: RolloutHost | undefined;
    const rollout: Rollout = {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }),
      bucket: () => 0,
      bind: (_experiment, given) => (host = given),
    };
    lab.experiment("told", { ...differing, rollout });
    const stage = { stage: "shadow", share: 0, epoch: 1 } as const;
    const event: RolloutEvent = {
      kind: "paused",
      experiment: "told",
      from: stage,
      to: stage,
      at: 0,
      by: "a test",
      reason: "to see it told",
    };
    host!.onEvent(event);
    await lab.flush();
    expect(events).toEqual([event]);
  });
});
