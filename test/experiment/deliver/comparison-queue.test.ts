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
  it("are a thousand at most: of one more the oldest is compared, and not told where it is a match", async () => {
    const run = lab.experiment("many", {
      control: (id: number) => ({ id }),
      candidate: (id) => ({ id: Math.abs(id) }),
    });
    run(-1);
    for (let id = 2; id <= 1_002; id++) run(id);
    expect(lab.status().experiments["many"]).toMatchObject({ started: 1_002, mismatched: 1 });
    await lab.settled();
    await lab.flush();
    expect(results.map(({ kind }) => kind).filter((kind) => kind === "mismatch")).toHaveLength(1);
    expect(results[0]!.kind).toBe("mismatch");
    const { accepted, published, dropped } = lab.status().publishers["all"]!;
    expect({ accepted, published, dropped }).toMatchObject({
      accepted: 1_002,
      published: 1_001,
      dropped: { "queue-full": 1 },
    });
  });

  it("come to a publisher five hundred a turn, so that one who answers at once loses none", async () => {
    const run = lab.experiment("many", differing);
    for (let id = 1; id <= 1_900; id++) run(id);
    await lab.settled();
    await immediate();
    expect(lab.status().publishers["all"]).toMatchObject({ accepted: 1_900, published: 1_900 });
  });

  it.each(["flush", "close"] as const)("of a burst are all told by `%s`", async (end) => {
    const run = lab.experiment("many", differing);
    for (let id = 1; id <= 1_900; id++) run(id);
    expect(await lab[end]()).toMatchObject({ complete: true });
    expect(lab.status().publishers["all"]).toMatchObject({ accepted: 1_900, published: 1_900 });
  });

  it("of which more than a thousand must be told are bounded all the same, and counted", async () => {
    const run = lab.experiment("many", differing);
    for (let id = 1; id <= 2_100; id++) run(id);
    await lab.settled();
    await lab.flush();
    // The first of its kind is among them. A thousand wait to be compared, and a thousand that were compared before their turn.
    expect(ids()[0]).toEqual({ id: 1 });
    expect(results.length).toBe(2_000);
    expect(lab.status().experiments["many"]).toMatchObject({ started: 2_100, mismatched: 2_100, inFlight: 0 });
    expect(lab.status().publishers["all"]).toMatchObject({ accepted: 2_100, dropped: { "queue-full": 100 } });
  });

  it("are bounded in bytes, too", () => {
    const run = lab.experiment("pages", {
      control: () => ({ page: Buffer.alloc(400_000) }),
      candidate: () => ({ page: Buffer.alloc(400_000, 1) }),
    });
    for (let call = 0; call < 300; call++) run();
    const { inFlight, mismatched } = lab.status().experiments["pages"]!;
    expect(inFlight).toBeLessThan(40);
    expect(mismatched + inFlight).toBe(300);
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
    const numbered = results.map(({ id }) => /^([a-z\d]{6,14})-(\d+)$/.exec(id)!);
    expect(numbered.map(([, , number]) => number)).toEqual(["1", "2"]);
    const other = new Laboratory({
      random: () => 0.5,
      publishers: [{ name: "other", publish: (result) => void results.push(result) }],
    });
    other.experiment("numbered", differing)(1);
    await other.settled();
    await other.flush();
    // Two that were given the same chance have ids of their own all the same.
    expect(results[2]!.id).not.toBe(results[0]!.id);
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
    expect(group).toMatchObject({ count: 2, first: { v: 2, id: results[0]!.id, kind: "mismatch" } });
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
    let services: RolloutHost | undefined;
    const rollout: Rollout = {
      current: () => ({ stage: "shadow", share: 0, compare: 1, epoch: 1 }),
      bucket: () => 0,
      bind: (_experiment, given) => (services = given),
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
    services!.onEvent(event);
    await lab.flush();
    expect(events).toEqual([event]);
  });
});
