import { describe, expect, it } from "vitest";
import { evidenceOf, follows, isSafer, later } from "../../src/rollout/line.ts";
import { initialState, type RolloutState } from "../../src/rollout/state.ts";
import { transition, type RolloutRequest } from "../../src/rollout/transition.ts";

const begun = initialState([0.1, 0.5], 0);

/** Each asked of what came before, a second apart. */
function after(...kinds: readonly (RolloutRequest["kind"] | Partial<RolloutRequest>)[]): RolloutState {
  return kinds.reduce<RolloutState>((state, given, index) => {
    const more: Partial<RolloutRequest> = typeof given === "string" ? { kind: given } : given;
    return transition(state, { kind: "advance", by: "Ada", reason: "because", at: 1_000 * (index + 1), ...more });
  }, begun);
}

describe("a state", () => {
  const many = (count: number): RolloutState =>
    after(
      ...Array.from({ length: count }, (_, at) =>
        at % 2 === 0 ? { kind: "pause" as const } : { kind: "resume" as const },
      ),
    );

  it("follows from itself, from its parent and from what its history names", () => {
    const state = after("advance", "advance");
    expect(follows(state, state)).toBe(true);
    expect(follows(state, begun)).toBe(true);
    expect(follows(after("advance"), begun)).toBe(true);
    expect(follows({ ...state, history: [] }, begun)).toBe(false);
    // By its own name and its parent's, where its history says nothing.
    expect(follows({ ...state, history: [] }, state)).toBe(true);
    expect(follows({ ...after("advance"), history: [] }, begun)).toBe(true);
    expect(follows(begun, state)).toBe(false);
    expect(follows(after("advance"), after("pause"))).toBe(false);
    const lost = { ...state, history: state.history.map((change) => ({ ...change, lost: "lost-one" })) };
    expect(follows(lost, { ...begun, id: "lost-one" })).toBe(true);
  });

  it("may follow from what is older than its history, and not from others", () => {
    const state = many(60);
    expect(state.history.length).toBeLessThan(60);
    expect(follows(state, begun)).toBe(true);
    expect(follows(state, { ...begun, id: "unknown", epoch: state.epoch - 1 })).toBe(false);
    // Its history begins later, and is whole: nothing is missing between the two.
    const { history } = state;
    const short = { ...state, history: history.slice(-3) };
    expect(follows(short, { ...begun, id: "unknown", epoch: state.epoch - 3 })).toBe(false);
    expect(follows(short, { ...begun, id: "unknown", epoch: state.epoch - 4 })).toBe(true);
    // Epochs were left out on the way, as where two lines became one: what its history covers is known all the same.
    const jumped = { ...short, epoch: state.epoch + 100 };
    const oldest = short.history[0]!.to.epoch;
    for (const [epoch, may] of [
      [oldest - 1, true],
      [oldest, false],
      [oldest + 1, false],
    ] as const)
      expect(follows(jumped, { ...begun, id: "unknown", epoch }), `epoch ${epoch - oldest}`).toBe(may);
  });

  it("is safer than another where it is rolled back, and else where fewer are served", () => {
    const states = [after("rollback"), begun, after("advance"), after("advance", "advance")];
    states.forEach((one, at) =>
      states.forEach((other, from) => expect(isSafer(one, other), `${at} and ${from}`).toBe(at < from)),
    );
    expect(isSafer(after("pause"), begun)).toBe(false);
    expect(isSafer(begun, after("pause"))).toBe(false);
  });

  it("is moved to another clock with all of its times", () => {
    const state = later(after("advance", "pause"), 500);
    expect([state.since, state.changedAt, ...state.history.map(({ at }) => at)]).toEqual([1_500, 2_500, 1_500, 2_500]);
    expect(Object.isFrozen(state) && Object.isFrozen(state.history)).toBe(true);
  });
});

describe("the evidence of a state", () => {
  it.each<readonly [name: string, epoch: number, since: number, state: RolloutState]>([
    ["a new one", 1, 0, begun],
    ["a step", 2, 1_000, after("advance")],
    ["a step that is paused", 2, 1_000, after("advance", "pause")],
    ["a step that goes on", 2, 1_000, after("advance", "pause", "resume")],
    ["a rollback", 3, 2_000, after("advance", "rollback")],
    ["a rollback that was cleared", 4, 3_000, after("advance", "rollback", "clear")],
    ["a rollback of a pause that was cleared", 5, 4_000, after("advance", "pause", "rollback", "clear")],
    ["a switch-off of a pause that was cleared", 5, 4_000, after("advance", "pause", "off", "clear")],
    ["a step that pauses, gone on after", 2, 1_000, after({ kind: "advance", pauses: true }, "resume")],
    ["another share of comparisons", 2, 1_000, after("advance", { kind: "compare", share: 0.5 })],
    ["a pause by an alarm", 2, 1_000, after("advance", "pause", "resume", { kind: "pause", alarmed: true })],
    [
      "going on, where the history before that is gone",
      4,
      3_000,
      ((state) => ({ ...state, history: state.history.slice(-1) }))(after("advance", "pause", "resume")),
    ],
    ["a beginning that is paused", 1, 0, after("pause")],
    ["an alarm that paused, gone on after", 4, 3_000, after("advance", { kind: "pause", alarmed: true }, "resume")],
  ])("is of %s since epoch %d", (_, epoch, since, state) => {
    expect(evidenceOf(state)).toEqual({ epoch, since });
  });
});
